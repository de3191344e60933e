// The road as it would be written on Node: smtp-server, mailparser and fetch, nothing stored.
// node road.js PORT URL; a mail's 250 comes after the POST of its errand. Runs until it is ended.
'use strict';

const { simpleParser } = require('mailparser');
const { SMTPServer } = require('smtp-server');

const [port, url] = process.argv.slice(2);
const headers = {
  Authorization: `Bearer ${process.env.BENCH_TOKEN}`,
  'Content-Type': 'application/vnd.api+json',
  Accept: 'application/vnd.api+json',
};

function attachment({ contentType, filename, content }) {
  return { content_type: contentType, name: filename || '', content: content.toString('base64') };
}

function errand(mail) {
  const writer = mail.from?.value[0] ?? {};
  const msg = {
    message_id: mail.messageId,
    name: writer.name || '',
    from: writer.address || '',
    subject: mail.subject || '',
    body: mail.text || '',
    html_body: mail.html || '',
    attachments: mail.attachments.map(attachment),
  };
  return JSON.stringify({ data: { type: 'c3_new_errands', attributes: { msg } } });
}

async function create(stream) {
  const mail = await simpleParser(stream, { skipTextToHtml: true, skipImageLinks: true });
  const answer = await fetch(`${url}/capi/json/c3_new_errands`, { method: 'POST', headers, body: errand(mail) });
  const document = await answer.json();
  if (!answer.ok) throw new Error(`Cention answered ${answer.status}`);
  return document.data.id;
}

new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  maxClients: 1000,
  size: 100 * 1024 * 1024,
  onData(stream, session, done) {
    create(stream).then((id) => done(null, `errand ${id}`), done);
  },
}).listen(Number(port), '127.0.0.1');
