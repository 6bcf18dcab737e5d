package graphsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// group is a group of the directory. Members are accounts and groups; a
// role-assignable group has accounts only.
type group struct {
	id             string
	displayName    string
	description    string
	mailNickname   string
	mail           string // mail-enabled if there is one
	types          []string
	membershipRule string
	visibility     string
	synced         bool
	distribution   bool // not security-enabled
	roleAssignable bool
	created        time.Time
	members        []string
	owners         []string
}

// GroupSpec describes a group; members and owners are UPNs, groups' display names or
// object ids.
type GroupSpec struct {
	ID             string `json:"id,omitempty"` // empty: derived from the name
	DisplayName    string `json:"displayName"`
	Description    string `json:"description,omitempty"`
	RoleAssignable bool   `json:"roleAssignable,omitempty"`
	// Mail makes it mail-enabled.
	Mail string `json:"mail,omitempty"`
	// Types are Unified (a Microsoft 365 group), DynamicMembership, or both.
	Types          []string `json:"groupTypes,omitempty"`
	MembershipRule string   `json:"membershipRule,omitempty"`
	// Distribution makes it a distribution list: mail-enabled, for no access.
	Distribution bool `json:"distribution,omitempty"`
	// Synced makes Active Directory its master.
	Synced  bool     `json:"synced,omitempty"`
	Members []string `json:"members,omitempty"`
	Owners  []string `json:"owners,omitempty"`
}

func (t *tenant) group(id string) (*group, bool) {
	i := slices.IndexFunc(t.groups, func(g *group) bool { return g.id == strings.ToLower(id) })
	if i < 0 {
		return nil, false
	}
	return t.groups[i], true
}

// groupByKey finds a group by id or display name.
func (t *tenant) groupByKey(key string) (*group, error) {
	if g, ok := t.group(t.principalID(key)); ok {
		return g, nil
	}
	return nil, fmt.Errorf("no group %q", key)
}

// addGroup makes a group without members.
func (t *tenant) addGroup(spec GroupSpec, now time.Time) (*group, error) {
	if spec.ID == "" {
		spec.ID = guid(t.seed, t.id, "group", spec.DisplayName, itoa(uint64(len(t.groups))))
	}
	if _, exists := t.group(spec.ID); exists {
		return nil, fmt.Errorf("group %s exists", spec.ID)
	}
	g := &group{
		id: strings.ToLower(spec.ID), displayName: spec.DisplayName, description: spec.Description, mail: spec.Mail,
		mailNickname: mailNicknameOf(spec), types: spec.Types, membershipRule: spec.MembershipRule,
		synced: spec.Synced, distribution: spec.Distribution, roleAssignable: spec.RoleAssignable, created: now,
	}
	if slices.Contains(spec.Types, "Unified") {
		g.visibility = "Private"
	}
	t.groups = append(t.groups, g)
	return g, nil
}

// addGroups makes groups that may contain each other: all of them, or none.
func (t *tenant) addGroups(specs []GroupSpec, now time.Time) (err error) {
	before := len(t.groups)
	defer func() {
		if err != nil {
			t.groups = t.groups[:before]
		}
	}()
	members := map[*group]GroupSpec{}
	for _, spec := range specs {
		g, err := t.addGroup(spec, now)
		if err != nil {
			return err
		}
		members[g] = spec
	}
	for _, g := range t.groups[before:] {
		if err := t.addMembers(g, members[g]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenant) addMembers(g *group, spec GroupSpec) error {
	for _, key := range spec.Members {
		if err := t.addMember(g, key); err != nil {
			return err
		}
	}
	for _, key := range spec.Owners {
		g.owners = append(g.owners, t.principalID(key))
	}
	return nil
}

func mailNicknameOf(spec GroupSpec) string {
	if name, _, ok := strings.Cut(spec.Mail, "@"); ok {
		return name
	}
	return strings.ToLower(strings.ReplaceAll(spec.DisplayName, " ", ""))
}

// addMember adds an account or a group, once. Role-assignable groups do not nest
// (entra-docs role-based-access-control/groups-concept.md).
func (t *tenant) addMember(g *group, key string) error {
	id := t.principalID(key)
	if slices.Contains(g.members, id) {
		return nil
	}
	_, isUser := t.users[id]
	_, isGroup := t.group(id)
	switch {
	case isGroup && g.roleAssignable:
		return errors.New("a role-assignable group has no groups as members")
	case !isUser && !isGroup:
		return fmt.Errorf("no account or group %q", key)
	}
	g.members = append(g.members, id)
	return nil
}

// memberIDs are the accounts and groups in a group, without deleted accounts;
// transitive adds what its groups contain, each once.
func (t *tenant) memberIDs(g *group, transitive bool) []string {
	seen := map[string]bool{g.id: true}
	var ids []string
	for queue := []*group{g}; len(queue) > 0; queue = queue[1:] {
		for _, id := range queue[0].members {
			if r, ok := t.users[id]; seen[id] || ok && !r.live() {
				continue
			}
			seen[id] = true
			ids = append(ids, id)
			if nested, ok := t.group(id); ok && transitive {
				queue = append(queue, nested)
			}
		}
	}
	return ids
}

// AddGroup makes a group and returns its id.
func (s *Server) AddGroup(tenantKey string, spec GroupSpec) (string, error) {
	var id string
	err := s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		err := t.addGroups([]GroupSpec{spec}, now)
		if err == nil {
			id = t.groups[len(t.groups)-1].id
		}
		return err
	})
	return id, err
}

// AddGroupMember puts an account or a group into a group, as an outsider.
func (s *Server) AddGroupMember(tenantKey, groupKey, member string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		g, err := t.groupByKey(groupKey)
		if err != nil {
			return err
		}
		return t.addMember(g, member)
	})
}

// RemoveGroupMember takes an account or a group out of a group, as an outsider.
func (s *Server) RemoveGroupMember(tenantKey, groupKey, member string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		g, err := t.groupByKey(groupKey)
		if err != nil {
			return err
		}
		id := t.principalID(member)
		g.members = slices.DeleteFunc(g.members, func(have string) bool { return have == id })
		return nil
	})
}

// RenameGroup changes a group's display name, as an outsider.
func (s *Server) RenameGroup(tenantKey, groupKey, displayName string) error {
	return s.inTenant(tenantKey, func(t *tenant, _ time.Time) error {
		g, err := t.groupByKey(groupKey)
		if err == nil {
			g.displayName = displayName
		}
		return err
	})
}

// RemoveGroup deletes a group with its roles and memberships, as an outsider.
func (s *Server) RemoveGroup(tenantKey, groupKey string) error {
	return s.inTenant(tenantKey, func(t *tenant, now time.Time) error {
		g, err := t.groupByKey(groupKey)
		if err != nil {
			return err
		}
		t.groups = slices.DeleteFunc(t.groups, func(have *group) bool { return have == g })
		for _, other := range t.groups {
			other.members = slices.DeleteFunc(other.members, func(id string) bool { return id == g.id })
		}
		t.forgetAppRoles(g.id)
		t.withdraw(now, func(a roleAssignment) bool { return a.principalID == g.id })
		t.eligibilities = slices.DeleteFunc(t.eligibilities, func(e roleAssignment) bool { return e.principalID == g.id })
		return nil
	})
}
