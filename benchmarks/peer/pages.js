// The pages: of the very templates and texts that ours have, by nunjucks, which reads Jinja's language.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import nunjucks from 'nunjucks';

const { templates, texts, style, script, bank, access, days } = JSON.parse(readFileSync(process.env.PAGES, 'utf8'));
const { SafeString } = nunjucks.runtime;
const escaped = (value) => (value instanceof SafeString ? value : nunjucks.lib.escape(String(value)));
const markup = (text) => new SafeString(text);

nunjucks.installJinjaCompat();
// "none" is no name here, and no test.
const read = (name) => readFileSync(join(templates, name), 'utf8').replaceAll(' is none', ' == none').replaceAll('.none', '["none"]');
const loader = { getSource: (name) => ({ path: name, src: read(name), noCache: false }) };
const environment = new nunjucks.Environment(loader, { autoescape: true, trimBlocks: true, lstripBlocks: true });
environment.addGlobal('bdi', (value) => markup(`<bdi>${escaped(value)}</bdi>`));
environment.addGlobal('strong', (value) => markup(`<strong>${escaped(value)}</strong>`));

const say = (text, values) => escaped(texts[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => escaped(values[name]));
environment.addGlobal('_', (text, values) => markup(say(text, values)));

const frame = { tag: 'en', language: { direction: 'ltr' }, bank_name: bank, worn: { logo: '', style: '' }, help: [], switch: [] };
const source = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = `default-src 'none'; style-src ${source(style)}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
const written = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' });
const DAY = 86_400_000;

function answer(res, template, shown) {
  const html = environment.render(template, { style, frame, csrf: 'a token of the form', client_name: 'Fintech', addresses: [], ...shown });
  res.setHeader('content-type', 'text/html; charset=utf-8');
  res.setHeader('cache-control', 'no-store');
  res.setHeader('content-security-policy', `${shown.script ? `script-src ${source(shown.script)}; ` : ''}${policy}`);
  res.end(html);
}

export function signIn(res, { uid, params, exp }) {
  const until = new Date(exp * 1000);
  const limit = { time: markup(`<time datetime="${until.toISOString()}">${written.format(until)}</time>`), warn_after: 480 };
  answer(res, 'login.html', {
    script, limit, key: uid, returns_to: new URL(params.redirect_uri).host, username: '', remember: true,
    recovery: '/security?with=recovery-code',
  });
}

export function consent(res, { uid, params, session }) {
  const until = new Date(Date.now() + 365 * DAY);
  const shorter = days.map((many) => ({ many, end: new Date(Date.now() + many * DAY) }));
  answer(res, 'consent.html', {
    key: uid, returns_to: new URL(params.redirect_uri).host, person: session.accountId, about: [], details: [], chosen: null, end: null,
    access: params.scope.split(' ').map((one) => access[one]).filter(Boolean), until: written.format(until), until_iso: until.toISOString(),
    ends: [
      { value: 'requested', words: 'As requested', note: written.format(until) },
      ...shorter.map(({ many, end }) => ({ value: String(end.getTime()), words: `After ${many} days`, note: written.format(end) })),
    ],
  });
}
