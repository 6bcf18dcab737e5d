package graphsim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// defaultAccess is the app role of an application that declares none
// (resources/approleassignment.md).
const defaultAccess = "00000000-0000-0000-0000-000000000000"

// enterpriseApp is the service principal of an application that people use.
type enterpriseApp struct {
	id                 string
	appID              string
	displayName        string
	description        string
	disabled           bool
	assignmentRequired bool
	roles              []appRole
}

// appRole is the complex type of that name (resources/approle.md).
type appRole struct {
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
	Description        string   `json:"description"`
	DisplayName        string   `json:"displayName"`
	ID                 string   `json:"id"`
	IsEnabled          bool     `json:"isEnabled"`
	Origin             string   `json:"origin"`
	Value              *string  `json:"value"`
}

// appAssignment gives a role of an application to a user, a group or a service
// principal.
type appAssignment struct {
	id          string
	appID       string // object id of the application's service principal
	principalID string
	roleID      string
	created     time.Time
	removed     time.Time // of one that was taken away; zero otherwise
}

// ApplicationSpec is an enterprise application: what is assigned, to whom.
type ApplicationSpec struct {
	ID          string `json:"id,omitempty"`    // of the service principal; empty: derived from the name
	AppID       string `json:"appId,omitempty"` // empty: derived from the name
	DisplayName string `json:"displayName"`
	Description string `json:"description,omitempty"`
	Disabled    bool   `json:"disabled,omitempty"`
	// AssignmentRequired keeps everybody out who is not assigned.
	AssignmentRequired bool                `json:"appRoleAssignmentRequired,omitempty"`
	Roles              []AppRoleSpec       `json:"appRoles,omitempty"`
	Assignments        []AppAssignmentSpec `json:"assignments,omitempty"`
}

// AppRoleSpec is a role of an application.
type AppRoleSpec struct {
	ID          string `json:"id,omitempty"` // empty: derived from the names
	DisplayName string `json:"displayName"`
	Description string `json:"description,omitempty"`
	Value       string `json:"value,omitempty"` // what the application sees in tokens
	Disabled    bool   `json:"disabled,omitempty"`
	// AllowedMemberTypes are User (groups too), Application or both; empty: User.
	AllowedMemberTypes []string `json:"allowedMemberTypes,omitempty"`
}

// AppAssignmentSpec gives a role. Principal is a UPN, a group's display name or an
// object id; Role a value, a display name or an id, empty for access without a role.
type AppAssignmentSpec struct {
	ID        string    `json:"id,omitempty"` // empty: made by the simulator
	Principal string    `json:"principal"`
	Role      string    `json:"role,omitempty"`
	Created   time.Time `json:"created,omitzero"` // now if zero
}

// enterpriseApps are the applications of a tenant and who holds which role.
type enterpriseApps struct {
	order       []*enterpriseApp
	made        uint64                      // assignments so far, which tells their ids apart
	byApp       map[string][]*appAssignment // by object id of the application
	byPrincipal map[string][]*appAssignment
	removed     []*appAssignment // of late: replicas may still show them
}

func (t *tenant) application(id string) (*enterpriseApp, bool) {
	i := slices.IndexFunc(t.apps.order, func(a *enterpriseApp) bool { return a.id == strings.ToLower(id) })
	if i < 0 {
		return nil, false
	}
	return t.apps.order[i], true
}

// applicationByKey finds an application by object id, application id or display name.
func (t *tenant) applicationByKey(key string) (*enterpriseApp, error) {
	for _, a := range t.apps.order {
		if strings.EqualFold(a.id, key) || strings.EqualFold(a.appID, key) || a.displayName == key {
			return a, nil
		}
	}
	return nil, fmt.Errorf("no application %q", key)
}

// addApplication makes an application with its roles and assignments.
func (t *tenant) addApplication(spec ApplicationSpec, now time.Time) (*enterpriseApp, error) {
	if spec.DisplayName == "" {
		return nil, errors.New("an application needs a display name")
	}
	a := &enterpriseApp{
		id: strings.ToLower(spec.ID), appID: strings.ToLower(spec.AppID), displayName: spec.DisplayName, description: spec.Description,
		disabled: spec.Disabled, assignmentRequired: spec.AssignmentRequired,
	}
	number := itoa(uint64(len(t.apps.order)))
	if a.id == "" {
		a.id = guid(t.seed, t.id, "application", spec.DisplayName, number)
	}
	if a.appID == "" {
		a.appID = guid(t.seed, "application", spec.DisplayName, number)
	}
	for _, other := range t.apps.order {
		if other.id == a.id || other.appID == a.appID {
			return nil, fmt.Errorf("application %s exists", a.id)
		}
	}
	if _, consented := t.principals[a.appID]; consented {
		return nil, fmt.Errorf("application %s is an app that was consented to", a.appID)
	}
	for _, role := range spec.Roles {
		a.roles = append(a.roles, role.role(t.seed, a.appID))
	}
	t.apps.order = append(t.apps.order, a)
	for _, assignment := range spec.Assignments {
		if err := t.assignApp(a, assignment, now); err != nil {
			return nil, fmt.Errorf("application %s: %w", a.displayName, err)
		}
	}
	return a, nil
}

func (s *AppRoleSpec) role(seed uint64, app string) appRole {
	r := appRole{
		ID: strings.ToLower(s.ID), DisplayName: s.DisplayName, Description: s.Description, IsEnabled: !s.Disabled, Origin: "Application",
		AllowedMemberTypes: slices.Clone(s.AllowedMemberTypes),
	}
	if r.ID == "" {
		r.ID = guid(seed, app, "role", s.DisplayName)
	}
	if r.Description == "" {
		r.Description = s.DisplayName
	}
	if s.Value != "" {
		r.Value = &s.Value
	}
	if len(r.AllowedMemberTypes) == 0 {
		r.AllowedMemberTypes = []string{"User"}
	}
	return r
}

// roleByKey finds a role by id, value or display name; an empty key is access
// without a role.
func (a *enterpriseApp) roleByKey(key string) (string, error) {
	if key == "" || key == defaultAccess {
		return defaultAccess, nil
	}
	for _, r := range a.roles {
		if strings.EqualFold(r.ID, key) || r.DisplayName == key || r.Value != nil && *r.Value == key {
			return r.ID, nil
		}
	}
	return "", fmt.Errorf("application %s has no role %q", a.displayName, key)
}

// offers reports whether a role of that id can be given to a kind of principal.
// Access without a role is offered as long as no role is
// (resources/approleassignment.md).
func (a *enterpriseApp) offers(roleID, memberType string) bool {
	possible := func(r appRole) bool { return r.IsEnabled && slices.Contains(r.AllowedMemberTypes, memberType) }
	if roleID == defaultAccess {
		return !slices.ContainsFunc(a.roles, possible)
	}
	return slices.ContainsFunc(a.roles, func(r appRole) bool { return r.ID == roleID && possible(r) })
}

// assignApp gives a role as a spec says, once.
func (t *tenant) assignApp(a *enterpriseApp, spec AppAssignmentSpec, now time.Time) error {
	principal, err := t.appPrincipal(spec.Principal)
	if err != nil {
		return err
	}
	role, err := a.roleByKey(spec.Role)
	if err != nil {
		return err
	}
	if _, held := t.assignmentOf(a, principal, role); held {
		return nil
	}
	if !spec.Created.IsZero() {
		now = spec.Created
	}
	t.giveAppRole(&appAssignment{id: spec.ID, appID: a.id, principalID: principal, roleID: role, created: now})
	return nil
}

// appPrincipal resolves who may hold a role: an account, a group, or an app.
func (t *tenant) appPrincipal(key string) (string, error) {
	if sp, ok := t.principals[strings.ToLower(key)]; ok {
		return sp.id, nil
	}
	id := t.principalID(key)
	if t.principalType(id) == "" {
		return "", fmt.Errorf("no account, group or app %q", key)
	}
	return id, nil
}

// principalType is the kind of a principal in the words of an assignment; empty for
// none. Deleted accounts count: what they hold returns with them.
func (t *tenant) principalType(id string) string {
	if r, ok := t.users[id]; ok && !r.purged {
		return "User"
	}
	if _, ok := t.group(id); ok {
		return "Group"
	}
	if _, _, ok := t.principalByID(id); ok {
		return "ServicePrincipal"
	}
	if _, ok := t.application(id); ok {
		return "ServicePrincipal"
	}
	return ""
}

func (t *tenant) assignmentOf(a *enterpriseApp, principal, role string) (*appAssignment, bool) {
	for _, held := range t.apps.byPrincipal[principal] {
		if held.appID == a.id && held.roleID == role {
			return held, true
		}
	}
	return nil, false
}

// giveAppRole records an assignment. Its id is the principal's GUID and one of its
// own in base64, as Microsoft Entra ID makes it.
func (t *tenant) giveAppRole(g *appAssignment) {
	t.apps.made++
	if g.id == "" {
		own := uuid.MustParse(guid(t.seed, t.id, "app role assignment", g.principalID, g.appID, itoa(t.apps.made)))
		g.id = base64.RawURLEncoding.EncodeToString(append(guidBytes(g.principalID), own[:]...))
	}
	if t.apps.byApp == nil {
		t.apps.byApp, t.apps.byPrincipal = map[string][]*appAssignment{}, map[string][]*appAssignment{}
	}
	t.apps.byApp[g.appID] = append(t.apps.byApp[g.appID], g)
	t.apps.byPrincipal[g.principalID] = append(t.apps.byPrincipal[g.principalID], g)
}

// takeAppRole takes an assignment away. Replicas may show it as long as they lag.
func (t *tenant) takeAppRole(g *appAssignment, now time.Time) {
	gone := func(have *appAssignment) bool { return have == g }
	t.apps.byApp[g.appID] = slices.DeleteFunc(slices.Clone(t.apps.byApp[g.appID]), gone)
	t.apps.byPrincipal[g.principalID] = slices.DeleteFunc(slices.Clone(t.apps.byPrincipal[g.principalID]), gone)
	t.apps.removed = slices.DeleteFunc(t.apps.removed, func(r *appAssignment) bool { return r.removed.Before(now.Add(-t.quirks.ReadLag)) })
	if g.removed = now; t.quirks.ReadLag > 0 {
		t.apps.removed = append(t.apps.removed, g)
	}
}

// forgetAppRoles takes away what a principal held that is gone for good.
func (t *tenant) forgetAppRoles(principal string, now time.Time) {
	for _, g := range slices.Clone(t.apps.byPrincipal[principal]) {
		t.takeAppRole(g, now)
	}
	delete(t.apps.byPrincipal, principal)
}

// describe is the application as a spec.
func (t *tenant) describeApplication(a *enterpriseApp) ApplicationSpec {
	spec := ApplicationSpec{
		ID: a.id, AppID: a.appID, DisplayName: a.displayName, Description: a.description, Disabled: a.disabled, AssignmentRequired: a.assignmentRequired,
	}
	for _, r := range a.roles {
		role := AppRoleSpec{
			ID: r.ID, DisplayName: r.DisplayName, Description: r.Description, Disabled: !r.IsEnabled, AllowedMemberTypes: slices.Clone(r.AllowedMemberTypes),
		}
		if r.Value != nil {
			role.Value = *r.Value
		}
		spec.Roles = append(spec.Roles, role)
	}
	for _, g := range t.apps.byApp[a.id] {
		spec.Assignments = append(spec.Assignments, AppAssignmentSpec{ID: g.id, Principal: g.principalID, Role: g.roleID, Created: g.created})
	}
	return spec
}
