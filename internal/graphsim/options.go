package graphsim

import (
	"time"

	"k8s.io/utils/clock"
)

// Options configure a Server. The zero value is one empty, calm tenant-less
// simulator on the machine's clock.
type Options struct {
	// Seed makes everything random reproducible.
	Seed uint64
	// Tenants and Users (per tenant) are seeded at start.
	Tenants, Users int
	// Clock is the base of the simulated time; nil is the machine's clock.
	Clock clock.Clock
	// ClockOffset is how far the simulated time is from Clock's at start.
	ClockOffset time.Duration
	// Wall judges the lifetime of client assertions, which clients stamp with
	// their own machine's time; nil is the machine's clock.
	Wall clock.PassiveClock
	// Listen is the address for Start; empty means 127.0.0.1:0.
	Listen string
	// ClientID and ClientSecret of the app registration every seeded tenant has
	// consented to; empty means derived from the seed.
	ClientID, ClientSecret string
	// TokenLifetime of access tokens; zero means 3599 s.
	TokenLifetime time.Duration
	// Journal is how many requests are kept per tenant; zero means 2,000. One takes about 0.5 KB.
	Journal int
	// DeltaPageSize is the number of users on a page of users/delta (unspecified by
	// Microsoft); zero means 200.
	DeltaPageSize int
	// DeltaExpiry is how an expired delta token is answered.
	DeltaExpiry DeltaExpiry
	// SyncedBlock is how accountEnabled is answered on an account synced from AD.
	SyncedBlock SyncedBlock
	// NoThrottling switches every budget off; see [Server.SetThrottling].
	NoThrottling bool
	// Quirks are what makes Graph alive: repeats, lateness, disagreement.
	Quirks Quirks
}

// DeltaExpiry is a way to answer an expired delta token; Microsoft documents both
// (concepts/delta-query-overview.md).
type DeltaExpiry string

// Ways to answer an expired delta token.
const (
	DeltaExpiryAlternate         DeltaExpiry = "" // one, then the other
	DeltaExpiryGone              DeltaExpiry = "Gone"
	DeltaExpirySyncStateNotFound DeltaExpiry = "SyncStateNotFound"
)

// SyncedBlock is a way to answer a PATCH of accountEnabled on a synced account:
// Microsoft's emergency procedure relies on acceptance, some reports tell of 400.
type SyncedBlock string

// Ways to answer a block of a synced account.
const (
	SyncedBlockAccept SyncedBlock = ""
	SyncedBlockRefuse SyncedBlock = "Refuse"
)

// Quirks are behaviours Microsoft Graph is allowed and known to show. The zero
// value is calm; [Lively] is what a real client must survive. Rates are between
// 0 and 1 and are applied deterministically from the seed.
type Quirks struct {
	// ReadLag is how long replicas may show the state before a write.
	ReadLag time.Duration
	// ReadStale is the share of reads within ReadLag that do.
	ReadStale float64
	// DeltaLag holds changes back from delta for this long.
	DeltaLag time.Duration
	// DeltaRepeat is the share of objects that come twice in one round.
	DeltaRepeat float64
	// DeltaStale is the share of changed objects whose state before the last change
	// comes after their present one; a later round brings the present one again.
	DeltaStale float64
	// DeltaEmptyPage is the share of pages that are empty but have a nextLink.
	DeltaEmptyPage float64
	// DeltaInitialRemoved lists soft-deleted accounts as @removed in a first round.
	DeltaInitialRemoved bool
	// ReportLag is how old the registration report may become before Microsoft looks
	// again; up to 36 h.
	ReportLag time.Duration
	// RoleLag is how long changes of directory roles take to count; up to 15 minutes.
	RoleLag time.Duration
	// GroupLicenseLag is how long after joining or leaving a group its licences come
	// and go: minutes.
	GroupLicenseLag time.Duration
}

// Lively returns the quirks a client must survive in production.
func Lively() Quirks {
	return Quirks{
		ReadLag: 5 * time.Second, ReadStale: 0.25, DeltaLag: 2 * time.Second,
		DeltaRepeat: 0.02, DeltaStale: 0.05, DeltaEmptyPage: 0.05, DeltaInitialRemoved: true,
		ReportLag: 36 * time.Hour, RoleLag: 15 * time.Minute, GroupLicenseLag: 3 * time.Minute,
	}
}

func (o *Options) setDefaults() {
	if o.Wall == nil {
		o.Wall = clock.RealClock{}
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.ClientID == "" {
		o.ClientID = guid(o.Seed, "client id")
	}
	if o.ClientSecret == "" {
		o.ClientSecret = "sim8Q~" + guid(o.Seed, "client secret")
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = 3599 * time.Second
	}
	if o.Journal == 0 {
		o.Journal = 2000
	}
	if o.DeltaPageSize == 0 {
		o.DeltaPageSize = 200
	}
}
