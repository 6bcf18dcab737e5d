package graphsim

import (
	"fmt"
	"time"
)

// draft is an account in the making.
type draft struct {
	fields   []field
	activity *signInActivity
	created  time.Time
	purpose  MailboxPurpose // none: what a licence brings
}

func (d *draft) set(prop propID, value any) *draft {
	d.fields = append(d.fields, field{prop, value})
	return d
}

// add makes the account.
func (g *seeding) add(upn string, d *draft) error {
	_, err := g.insert(upn, d)
	return err
}

// insert makes the account and returns its id.
func (g *seeding) insert(upn string, d *draft) (string, error) {
	d.set(propUserPrincipalName, upn).set(propCreatedDateTime, d.created)
	id, err := g.t.insert("", d.fields, g.t.created)
	if err != nil {
		return "", fmt.Errorf("seed %s: %w", upn, err)
	}
	if d.activity != nil {
		g.t.signIns[id] = *d.activity
	}
	if d.purpose != MailboxNone {
		g.t.users[id].mailbox = d.purpose
	}
	g.made++
	return id, nil
}

// draftOf begins an account that was made at a random time of the tenant's life.
func (g *seeding) draftOf(display string) *draft {
	d := &draft{created: g.between(g.t.created, g.now.AddDate(0, -1, 0))}
	d.set(propDisplayName, display).set(propUserType, "Member")
	d.set(propSignInSessionsValidFrom, d.created).set(propLastPasswordChange, d.created)
	return d
}

// mailbox gives the account an address, in the way Exchange Online does.
func (d *draft) mailbox(nickname, address, initialDomain string) *draft {
	return d.set(propMail, address).set(propMailNickname, nickname).
		set(propProxyAddresses, []string{"SMTP:" + address, "smtp:" + nickname + "@" + initialDomain})
}

// license assigns a product directly.
func (g *seeding) license(d *draft, part string) {
	held, ok := g.licenses[part]
	if !ok {
		held = []assignedLicense{{DisabledPlans: []string{}, SKUID: g.catalogue[part].skuID}}
		g.licenses[part] = held
	}
	d.set(propAssignedLicenses, held).set(propLicenseAssignmentStates, []licenseAssignmentState{{
		DisabledPlans: []string{}, SKUID: held[0].SKUID, State: "Active", Error: "None", LastUpdatedDateTime: d.created,
	}})
}

// signedIn records when the account was last used, so many days ago at most.
func (g *seeding) signedIn(d *draft, key string, days int) {
	last := g.between(g.now.AddDate(0, 0, -days), g.now)
	silent := g.between(last, g.now)
	request := func(kind string) string { return guid(g.t.seed, g.t.id, kind, key) }
	d.activity = &signInActivity{
		LastSignInDateTime: &last, LastSignInRequestID: request("interactive"),
		LastNonInteractiveSignInDateTime: &silent, LastNonInteractiveRequestID: request("silent"),
		LastSuccessfulSignInDateTime: &silent, LastSuccessfulSignInRequestID: request("silent"),
	}
}

// between draws a time, to the second as Graph has it.
func (g *seeding) between(from, to time.Time) time.Time {
	seconds := int64(to.Sub(from) / time.Second)
	if seconds <= 0 {
		return to.Truncate(time.Second)
	}
	return from.Add(time.Duration(g.rng.Int64N(seconds)) * time.Second).Truncate(time.Second)
}
