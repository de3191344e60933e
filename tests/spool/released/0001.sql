-- The tables of revision 0001 as they were released, and a spool that has worked for a while.
-- {number} is a number that counts by itself, {bytes} the type of raw bytes: all that differs between the stores.

create table alembic_version (version_num varchar(32) not null, primary key (version_num));

insert into alembic_version values ('0001');

CREATE TABLE callback (
    id VARCHAR(26) NOT NULL,
    workspace TEXT NOT NULL,
    received_at FLOAT NOT NULL,
    identity VARCHAR(64) NOT NULL,
    errand TEXT NOT NULL,
    document {bytes},
    PRIMARY KEY (id),
    UNIQUE (identity)
);

CREATE INDEX callback_errand ON callback (errand);

CREATE INDEX callback_received_at ON callback (received_at);

CREATE TABLE cursor (
    mailbox VARCHAR(255) NOT NULL,
    folder VARCHAR(255) NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder)
);

CREATE TABLE event (
    id {number} NOT NULL,
    subject VARCHAR(26) NOT NULL,
    at FLOAT NOT NULL,
    step TEXT NOT NULL,
    detail JSON NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX event_subject ON event (subject);

CREATE TABLE mail (
    id VARCHAR(26) NOT NULL,
    received_at FLOAT NOT NULL,
    source VARCHAR(60) NOT NULL,
    sender TEXT NOT NULL,
    recipients JSON NOT NULL,
    peer TEXT NOT NULL,
    helo TEXT NOT NULL,
    tls TEXT NOT NULL,
    size INTEGER NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    message_id TEXT,
    thread JSON,
    subject TEXT,
    from_address TEXT,
    blob TEXT,
    raw {bytes},
    PRIMARY KEY (id)
);

CREATE INDEX mail_message_id ON mail (message_id);

CREATE INDEX mail_received_at ON mail (received_at);

CREATE TABLE pause (
    lane VARCHAR(255) NOT NULL,
    since FLOAT NOT NULL,
    reason TEXT NOT NULL,
    probe_at FLOAT NOT NULL,
    PRIMARY KEY (lane)
);

CREATE TABLE sent (
    message_id VARCHAR(255) NOT NULL,
    callback_id VARCHAR(26) NOT NULL,
    errand TEXT NOT NULL,
    route TEXT NOT NULL,
    recipients JSON NOT NULL,
    sent_at FLOAT NOT NULL,
    PRIMARY KEY (message_id)
);

CREATE INDEX sent_errand ON sent (errand);

CREATE TABLE job (
    id {number} NOT NULL,
    kind VARCHAR(10) NOT NULL,
    mail_id VARCHAR(26),
    callback_id VARCHAR(26),
    route TEXT NOT NULL,
    lane TEXT NOT NULL,
    identity VARCHAR(64),
    state VARCHAR(10) NOT NULL,
    attempts INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    created_at FLOAT NOT NULL,
    next_at FLOAT NOT NULL,
    lease INTEGER NOT NULL,
    leased_until FLOAT NOT NULL,
    hold VARCHAR(10),
    keep BOOLEAN NOT NULL,
    result TEXT,
    error TEXT,
    detail JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(callback_id) REFERENCES callback (id) ON DELETE CASCADE,
    FOREIGN KEY(mail_id) REFERENCES mail (id) ON DELETE CASCADE,
    UNIQUE (identity)
);

CREATE INDEX job_callback ON job (callback_id);

CREATE INDEX job_due ON job (state, next_at);

CREATE INDEX job_mail ON job (mail_id);

CREATE INDEX job_result ON job (kind, result);

insert into mail values
  ('01AAAAAAAAAAAAAAAAAAAAAAA1', 1700000001.5, 'smtp', 'asa@client.example', '["support@example.com"]', '192.0.2.1',
   'mx.client.example', '', 24, '30d834d5fe8a5770285ae06c452a56aca78941b83c5563c9aae796393fd61965', '<1@x>', '["<0@x>"]', 'hello', 'asa@client.example', null,
   cast('Message-ID: <1@x>

hello
' as {bytes})),
  ('01AAAAAAAAAAAAAAAAAAAAAAA2', 1700000002.5, 'smtp', '', '["support@example.com", "sales@example.com"]', '', '', '',
   3, 'none', null, null, null, null, null, cast('two' as {bytes})),
  ('01AAAAAAAAAAAAAAAAAAAAAAA3', 1700000003.5, 'pipe', 'b@client.example', '["support@example.com"]', '', '', '',
   9, 'gone', '<3@x>', null, 'gone', 'b@client.example', null, null);

insert into callback values
  ('01AAAAAAAAAAAAAAAAAAAAAAA4', 'demo', 1700000004.5, 'answer', '511055', cast('{{}}' as {bytes}));

insert into job (kind, mail_id, callback_id, route, lane, identity, state, attempts, crashes, created_at, next_at, lease,
  leased_until, hold, keep, result, error, detail)
values
  ('errand', '01AAAAAAAAAAAAAAAAAAAAAAA1', null, 'support', 'route:support', 'e2c3eab3cd5265970c82991a57a07a5c29c098f8d981c2ebfef713af3c774433', 'done', 0, 0, 1700000001.5,
   1700000001.5, 1, 0, null, false, '511055', null, '{{}}'),
  ('errand', '01AAAAAAAAAAAAAAAAAAAAAAA2', null, 'support', 'route:support', 'i2', 'queued', 3, 0, 1700000002.5,
   1700000002.5, 1, 0, null, false, null, 'refused', '{{"smaller": true}}'),
  ('errand', '01AAAAAAAAAAAAAAAAAAAAAAA2', null, 'sales', 'route:sales', 'i3', 'held', 0, 0, 1700000002.5, 1700000002.5,
   0, 0, 'token', false, null, '401', '{{}}'),
  ('errand', '01AAAAAAAAAAAAAAAAAAAAAAA3', null, 'support', 'route:support', 'i4', 'parked', 0, 3, 1700000003.5,
   1700000003.5, 3, 0, null, true, null, '422', '{{}}'),
  ('answer', null, '01AAAAAAAAAAAAAAAAAAAAAAA4', '', 'workspace:demo', null, 'working', 0, 0, 1700000004.5,
   1700000004.5, 1, 1700000100.5, null, false, null, null, '{{}}');

insert into sent values
  ('<r1@gw.example>', '01AAAAAAAAAAAAAAAAAAAAAAA4', '511055', 'support', '["asa@client.example"]', 1700000005.5);

insert into event (subject, at, step, detail) values
  ('01AAAAAAAAAAAAAAAAAAAAAAA1', 1700000001.5, 'accepted', '{{"size": 24}}'),
  ('01AAAAAAAAAAAAAAAAAAAAAAA1', 1700000001.9, 'created', '{{"errand": "511055"}}');

insert into pause values ('route:sales', 1700000002.5, '401', 1700000009.5);

insert into cursor values ('old-mailbox', 'INBOX', 7, 12);
