package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// MailboxPurpose is what a mailbox is for: userPurpose of resources/mailboxsettings.md.
type MailboxPurpose string

// Purposes of mailboxes. An account without a mailbox has none.
const (
	MailboxNone      MailboxPurpose = ""
	MailboxUser      MailboxPurpose = "user"
	MailboxLinked    MailboxPurpose = "linked"
	MailboxShared    MailboxPurpose = "shared"
	MailboxRoom      MailboxPurpose = "room"
	MailboxEquipment MailboxPurpose = "equipment"
	MailboxOthers    MailboxPurpose = "others"
)

func (p MailboxPurpose) known() bool {
	switch p {
	case MailboxUser, MailboxLinked, MailboxShared, MailboxRoom, MailboxEquipment, MailboxOthers:
		return true
	default:
		return false
	}
}

// MailboxSpec is an account's mailbox. An account that holds an Exchange plan has a
// mailbox of its own without being named. Empty settings are those of a new mailbox.
type MailboxSpec struct {
	User             string            `json:"user,omitempty"` // UPN or object id
	Purpose          MailboxPurpose    `json:"purpose,omitempty"`
	TimeZone         string            `json:"timeZone,omitempty"`
	Locale           string            `json:"locale,omitempty"` // de-DE
	DateFormat       string            `json:"dateFormat,omitempty"`
	TimeFormat       string            `json:"timeFormat,omitempty"`
	DelegateMessages string            `json:"delegateMeetingMessageDeliveryOptions,omitempty"`
	AutomaticReplies *AutomaticReplies `json:"automaticReplies,omitempty"`
}

// AutomaticReplies are resources/automaticrepliessetting.md.
type AutomaticReplies struct {
	Status           string        `json:"status"`           // disabled, alwaysEnabled, scheduled
	ExternalAudience string        `json:"externalAudience"` // none, contactsOnly, all
	ScheduledStart   *ZonedInstant `json:"scheduledStartDateTime"`
	ScheduledEnd     *ZonedInstant `json:"scheduledEndDateTime"`
	InternalMessage  string        `json:"internalReplyMessage"`
	ExternalMessage  string        `json:"externalReplyMessage"`
}

// ZonedInstant is resources/datetimetimezone.md.
type ZonedInstant struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

// exchangePlans names the service plan of each product that brings a mailbox, by the
// product's SKU id.
func exchangePlans(products map[string]subscribedSKU) map[string]string {
	plans := map[string]string{}
	for _, sku := range products {
		for _, plan := range sku.plans {
			if slices.Contains(mailPlans(), plan.id) {
				plans[sku.skuID] = plan.id
			}
		}
	}
	return plans
}

// holdsExchange reports whether a licence of the account brings a mailbox.
func (t *tenant) holdsExchange(u *user) bool {
	v, _ := u.get(propAssignedLicenses)
	licenses, _ := v.([]assignedLicense)
	for _, l := range licenses {
		if plan, ok := t.mailPlans[l.SKUID]; ok && !containsFold(l.DisabledPlans, plan) {
			return true
		}
	}
	return false
}

func containsFold(list []string, want string) bool {
	for _, s := range list {
		if strings.EqualFold(s, want) {
			return true
		}
	}
	return false
}

// provisionMailbox gives a live account that holds an Exchange plan its mailbox and
// address, once: mail is the user principal name. It is called after licences
// changed, and does nothing for accounts that have a mailbox or no such plan. A
// mailbox stays when the licence goes.
func (t *tenant) provisionMailbox(r *userRecord, now time.Time) {
	if r.mailbox != MailboxNone || !r.live() || !t.holdsExchange(r.current) {
		return
	}
	r.mailbox = MailboxUser
	if r.current.str(propMail) != "" {
		return
	}
	changes := []field{{propMail, r.current.upn()}, {propProxyAddresses, withPrimary(r.current, r.current.upn())}}
	if r.onPremises != nil { // Microsoft Entra ID works the address out for synced accounts too
		r.onPremises.state, _ = r.onPremises.state.with(changes)
	}
	t.apply(r, changes, now)
}

// setMailbox makes or converts a mailbox.
func (t *tenant) setMailbox(spec MailboxSpec) error {
	r, ok := t.users[t.principalID(spec.User)]
	if !ok || r.purged {
		return fmt.Errorf("no user %q", spec.User)
	}
	if spec.Purpose != MailboxNone {
		if !spec.Purpose.known() {
			return fmt.Errorf("no mailbox purpose %q", spec.Purpose)
		}
		r.mailbox = spec.Purpose
	}
	if r.mailbox == MailboxNone {
		return fmt.Errorf("user %q has no mailbox", spec.User)
	}
	spec.User, spec.Purpose = "", ""
	if spec != (MailboxSpec{}) {
		t.mailboxes[r.current.id] = spec
	}
	return nil
}

// mailboxSpec describes a mailbox; ok is false when there is nothing to say of it.
func (t *tenant) mailboxSpec(r *userRecord) (spec MailboxSpec, ok bool) {
	spec, ok = t.mailboxes[r.current.id]
	usual := MailboxNone
	if r.live() && t.holdsExchange(r.current) {
		usual = MailboxUser
	}
	if r.mailbox != usual {
		spec.Purpose, ok = r.mailbox, true
	}
	spec.User = r.current.id
	return spec, ok
}

// SetMailbox is an outsider's act in Exchange: it gives an account a mailbox, converts
// it to another purpose, or changes its settings. Empty settings stay as they are
// unless others are given.
func (s *Server) SetMailbox(tenantKey string, spec MailboxSpec) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error { return t.setMailbox(spec) })
}

// adminAccounts serves what belongs to the life of an account.
func (s *Server) adminAccounts(handle adminRoute) {
	handle("PUT /_sim/tenants/{tenant}/users/{user}/mailbox", func(r *http.Request) (any, error) {
		var spec MailboxSpec
		if err := readJSON(r, &spec); err != nil {
			return nil, err
		}
		spec.User = r.PathValue("user")
		return nil, s.SetMailbox(r.PathValue("tenant"), spec)
	})
}
