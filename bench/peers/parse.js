// Mails to errands' documents by mailparser, and by sanitize-html, which makes their HTML safe.
// node parse.js TIMES FILE...; prints the CPU seconds of each of TIMES rounds over the files, one a line, and behind them
// those without making HTML safe; the first round, which compiles, is not counted.
'use strict';

const { readFileSync } = require('node:fs');
const { simpleParser } = require('mailparser');
const sanitize = require('sanitize-html');

const [times, ...files] = process.argv.slice(2);
// What a mail may keep: the look of its text, its pictures and tables. With the library's own list they would be lost.
const ALLOWED = {
  allowedTags: [...sanitize.defaults.allowedTags, 'img', 'font', 'center', 'del', 'ins'],
  allowedAttributes: {
    '*': ['style', 'dir', 'lang', 'title', 'align', 'valign', 'bgcolor', 'width', 'height'],
    a: ['href', 'name'],
    font: ['color', 'face', 'size'],
    img: ['src', 'alt', 'border'],
    table: ['border', 'cellpadding', 'cellspacing'],
    td: ['colspan', 'rowspan'],
  },
  allowedStyles: {
    '*': Object.fromEntries(
      ['background-color', 'border', 'color', 'font-family', 'font-size', 'margin', 'padding', 'text-align', 'width'].map(
        (property) => [property, [/^[^\\<>(){}@]*$/]],
      ),
    ),
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel', 'cid'],
};

let safe = 0;

function seconds(began) {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

function safely(html) {
  const began = process.cpuUsage();
  const clean = sanitize(html, ALLOWED);
  safe += seconds(began);
  return clean;
}

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
    html_body: mail.html ? safely(mail.html) : '',
    attachments,
  };
  return Buffer.from(JSON.stringify({ data: { type: 'c3_new_errands', attributes: { msg } } }));
}

async function main() {
  const mails = files.map((file) => readFileSync(file));
  for (let time = 0; time <= Number(times); time += 1) {
    safe = 0;
    const began = process.cpuUsage();
    for (const raw of mails) document(await simpleParser(raw));
    const taken = seconds(began);
    if (time) console.log(taken, taken - safe);
  }
}

main();
