// Mails to errands' documents by mailparser. It does not make HTML safe, so it does less than the others do.
// node parse.js TIMES FILE...; prints the CPU seconds of each of TIMES rounds over the files, one a line; the first
// round, which compiles, is not counted.
'use strict';

const { readFileSync } = require('node:fs');
const { simpleParser } = require('mailparser');

const [times, ...files] = process.argv.slice(2);

function document(mail) {
  const writer = mail.from?.value[0] ?? {};
  const attachments = mail.attachments.map(({ contentType, filename, content }) => ({
    content_type: contentType,
    name: filename || '',
    content: content.toString('base64'),
  }));
  const msg = {
    message_id: mail.messageId,
    name: writer.name || '',
    from: writer.address || '',
    subject: mail.subject || '',
    body: mail.text || '',
    html_body: mail.html || '',
    attachments,
  };
  return Buffer.from(JSON.stringify({ data: { type: 'c3_new_errands', attributes: { msg } } }));
}

async function main() {
  const mails = files.map((file) => readFileSync(file));
  for (let time = 0; time <= Number(times); time += 1) {
    const began = process.cpuUsage();
    for (const raw of mails) document(await simpleParser(raw));
    const { user, system } = process.cpuUsage(began);
    if (time) console.log((user + system) / 1e6);
  }
}

main();
