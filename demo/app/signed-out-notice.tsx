import type { DiagnosticEntry, EndReason } from 'latchkey'
import { useDelivery } from './use-delivery.js'

const REASONS: Readonly<Record<EndReason, string>> = {
  logout: 'You are signed out.',
  'logout-elsewhere': 'You signed out in another tab.',
  expired: 'Your session has ended.',
  revoked: 'Your session was ended elsewhere, or by the server.',
  'user-switched': 'Somebody else signed in.',
  refused: 'This account is disabled.',
}

/** Why the form is there, and whether the server knows. */
export function SignedOutNotice({ reason }: { readonly reason: EndReason | 'none' }) {
  const delivery = useDelivery()
  const told = delivery ? TOLD[delivery] : undefined
  const text = [reason === 'none' ? '' : REASONS[reason], told].filter(Boolean).join(' ')
  return <p role="status">{text || 'Welcome. Pick an account, or type one in.'}</p>
}

const TOLD: Partial<Record<DiagnosticEntry['type'], string>> = {
  'logout.sent': 'Telling the server …',
  'logout.confirmed': 'The server has ended the session.',
  'logout.pending': 'The server will be told once it answers.',
}
