// Package inventory is what is known of each tenant, and what changed.
//
// One reader per tenant keeps it current: the users' delta and the tenant-wide
// reports ("feeds"), each at its own pace and each resumable. Everything else reads
// from here, so cost follows changes and nothing polls per user. What could not be
// read is Unknown with a reason, never a "no".
//
// It is memory only: after a restart a tenant is not Synced until all of its users
// have been read again.
package inventory
