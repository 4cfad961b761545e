/* Django and REST framework, with their own sessions and with SimpleJWT, none of which is ours, with the presets and nothing else. */
import { djangoLife } from './peers/django.ts'
import { test } from './peers/fixtures.ts'
import { type PeerKind, testChecks, testPeer } from './peers/flows.ts'

const SESSIONS: PeerKind = {
  preset: 'django',
  live: () => djangoLife('session'),
  cookie: 'sessionid',
  asked: 'GET /auth/session 200',
  signedIn: ['POST /auth/login 200'],
  signedOut: 'POST /auth/logout 204',
  refused: '403',
  refusedRead: '403',
  readable: /^csrftoken=\w+$/,
}

const TOKENS: PeerKind = {
  preset: 'djangoRestAuth',
  live: () => djangoLife('token'),
  cookie: 'refresh',
  asked: 'GET /dj-rest-auth/user/ 200',
  visited: ['POST /dj-rest-auth/token/refresh/ 401'],
  restored: ['POST /dj-rest-auth/token/refresh/ 200', 'GET /dj-rest-auth/user/ 200'],
  signedIn: ['POST /dj-rest-auth/login/ 200'],
  signedOut: 'POST /dj-rest-auth/logout/ 200',
  refused: '401',
}

test.describe('sessions', () => {
  testPeer(SESSIONS)
  testChecks(SESSIONS)
})

test.describe('SimpleJWT', () => testPeer(TOKENS))
