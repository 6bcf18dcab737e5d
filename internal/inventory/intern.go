package inventory

import (
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// interner keeps one copy of strings and lists that many accounts share.
type interner struct {
	strings     map[string]string
	lists       map[string][]string
	assignments map[string][]directory.LicenseAssignment
	profiles    map[directory.Profile]*directory.Profile
}

func newInterner() interner {
	return interner{
		strings:     map[string]string{},
		lists:       map[string][]string{},
		assignments: map[string][]directory.LicenseAssignment{},
		profiles:    map[directory.Profile]*directory.Profile{},
	}
}

func (n *interner) string(s string) string {
	if s == "" {
		return ""
	}
	if known, ok := n.strings[s]; ok {
		return known
	}
	s = strings.Clone(s)
	n.strings[s] = s
	return s
}

// list keeps equal lists at one address.
func (n *interner) list(items []string) []string {
	if len(items) == 0 {
		return nil
	}
	key := listKey(items)
	if known, ok := n.lists[key]; ok {
		return known
	}
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = n.string(item)
	}
	n.lists[key] = list
	return list
}

func listKey(items []string) string { return strings.Join(items, "\x00") }

// licenses keeps equal lists at one address; nil stays nil.
func (n *interner) licenses(list []directory.LicenseAssignment) []directory.LicenseAssignment {
	if len(list) == 0 {
		return list
	}
	key := licensesKey(list)
	if known, ok := n.assignments[key]; ok {
		return known
	}
	kept := make([]directory.LicenseAssignment, len(list))
	for i := range list {
		kept[i] = directory.LicenseAssignment{
			SKU: n.string(list[i].SKU), Group: n.string(list[i].Group),
			DisabledPlans: n.list(list[i].DisabledPlans), Error: n.string(list[i].Error),
		}
	}
	n.assignments[key] = kept
	return kept
}

func licensesKey(list []directory.LicenseAssignment) string {
	var text strings.Builder
	for i := range list {
		text.WriteString(strings.Join([]string{list[i].SKU, list[i].Group, list[i].Error, strings.Join(list[i].DisabledPlans, ",")}, "\x00"))
		text.WriteByte('\n')
	}
	return text.String()
}

// profile keeps one copy of what many accounts share: all of it when nothing in it is
// the person's own.
func (n *interner) profile(p *directory.Profile) *directory.Profile {
	if p == nil {
		return nil
	}
	own := isOwn(p)
	if known, ok := n.profiles[*p]; ok && !own {
		return known
	}
	kept := *p
	for _, s := range []*string{
		&kept.CompanyName, &kept.OfficeLocation, &kept.StreetAddress, &kept.City, &kept.State,
		&kept.PostalCode, &kept.Country, &kept.PreferredLanguage, &kept.EmployeeType,
	} {
		*s = n.string(*s)
	}
	if !own {
		n.profiles[kept] = &kept
	}
	return &kept
}

// isOwn tells whether a profile has what is the person's own.
func isOwn(p *directory.Profile) bool {
	return p.MobilePhone != "" || p.BusinessPhone != "" || p.EmployeeID != ""
}

// sharedTexts are the texts of a profile that many people have in common.
func sharedTexts(p *directory.Profile) []string {
	return []string{
		p.CompanyName, p.OfficeLocation, p.StreetAddress, p.City, p.State, p.PostalCode, p.Country, p.PreferredLanguage, p.EmployeeType,
	}
}

// user is an account in the form in which it is kept.
func (n *interner) user(u directory.User) directory.User {
	u.ID = strings.ToLower(u.ID)
	if u.Mail == u.UserPrincipalName {
		u.Mail = u.UserPrincipalName // one copy in memory
	}
	u.JobTitle = n.string(u.JobTitle)
	u.Department = n.string(u.Department)
	u.UsageLocation = n.string(u.UsageLocation)
	u.UserType = n.string(u.UserType)
	u.OnPremises.Domain = n.string(u.OnPremises.Domain)
	u.SKUs = n.list(u.SKUs)
	u.Licenses = n.licenses(u.Licenses)
	u.Profile = n.profile(u.Profile)
	for _, t := range []*time.Time{&u.Created, &u.LastPasswordChange, &u.SessionsValidFrom, &u.OnPremises.LastSync} {
		*t = t.UTC()
	}
	return u
}
