package inventory

import (
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// interner keeps one copy of strings and lists that many accounts share.
type interner struct {
	strings map[string]string
	lists   map[string][]string
}

func newInterner() interner {
	return interner{strings: map[string]string{}, lists: map[string][]string{}}
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
	key := strings.Join(items, "\x00")
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
	for _, t := range []*time.Time{&u.Created, &u.LastPasswordChange, &u.SessionsValidFrom, &u.OnPremises.LastSync} {
		*t = t.UTC()
	}
	return u
}
