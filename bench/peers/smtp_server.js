// smtp-server that writes each mail to a file of its own before its 250.
// node smtp_server.js PORT FOLDER; runs until it is ended.
'use strict';

const { randomUUID } = require('node:crypto');
const { SMTPServer } = require('smtp-server');
const { store } = require('./durable.js');

const [port, folder] = process.argv.slice(2);

new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  maxClients: 1000,
  size: 100 * 1024 * 1024,
  onData(stream, session, done) {
    store(stream, folder, randomUUID()).then(() => done(), done);
  },
}).listen(Number(port), '127.0.0.1');
