// Package tenancy turns a Tenant, its Connection and their credentials into a
// connected directory, and keeps it while nothing of them changes.
//
// It is where the operator's identity is guarded: a namespace reaches a tenant with
// its own labelled Secret, or with a Connection that grants exactly this namespace
// this tenant. Hosts come from the cloud's name or from the manager's flags, never
// from an object.
package tenancy
