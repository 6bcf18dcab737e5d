package graphsim

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Effects of Graph requests on who holds roles of applications. They count for the
// principal, which may be a group.
const (
	EffectAppGrant  Effect = "appGrant"
	EffectAppRemove Effect = "appRemove"
)

// created answers 201 with the new resource.
func created(body json.RawMessage) *response {
	res := jsonResponse(body)
	res.status = http.StatusCreated
	return res
}

// readBody decodes a JSON object whose every property the caller knows; annotations
// are left out, and the journal notes the names.
func (c *call) readBody(typeName string, known ...string) (map[string]json.RawMessage, error) {
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(c.req.body, &raw); err != nil {
		return nil, odataBadRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	body := map[string]json.RawMessage{}
	for name, value := range raw {
		if strings.Contains(name, "@odata.") {
			continue
		}
		found := ""
		for _, k := range known {
			if equalName(k, name) {
				found = k
			}
		}
		if found == "" {
			return nil, badRequest("Property '" + name + "' does not exist as a declared property or extension property of '" + typeName + "'.")
		}
		body[found] = value
		c.entry.Fields = append(c.entry.Fields, found)
	}
	return body, nil
}

// required is a property that must be there, and where its value goes.
type required struct {
	name string
	to   *string
}

// requireTexts reads properties that must be there as texts.
func requireTexts(body map[string]json.RawMessage, resource string, wanted ...required) error {
	for _, w := range wanted {
		value, err := decodeAs[string](body[w.name])
		if err != nil || value == "" {
			message := "A value is required for property '" + w.name + "' of resource '" + resource + "'."
			return badRequest(message, errorDetail{"MissingValue", message, w.name})
		}
		*w.to = value
	}
	return nil
}

// requireIDs reads properties that must be there as GUIDs.
func requireIDs(body map[string]json.RawMessage, resource string, wanted ...required) error {
	if err := requireTexts(body, resource, wanted...); err != nil {
		return err
	}
	for _, w := range wanted {
		if uuid.Validate(*w.to) != nil {
			return odataBadRequest("Cannot convert the literal '" + *w.to + "' to the expected type 'Edm.Guid'.")
		}
		*w.to = strings.ToLower(*w.to)
	}
	return nil
}

// readAssignment decodes an appRoleAssignment to be made.
func (c *call) readAssignment() (*appAssignment, error) {
	body, err := c.readBody("microsoft.graph.appRoleAssignment", "principalId", "resourceId", "appRoleId",
		"principalType", "principalDisplayName", "resourceDisplayName")
	if err != nil {
		return nil, err
	}
	g := &appAssignment{created: c.now}
	return g, requireIDs(body, "AppRoleAssignment", required{"principalId", &g.principalID}, required{"resourceId", &g.appID}, required{"appRoleId", &g.roleID})
}

// createAppRoleAssignment makes an assignment below its principal
// (api/user-post-approleassignments.md) or, with of empty, below the application
// (api/serviceprincipal-post-approleassignedto.md).
func createAppRoleAssignment(of string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		g, err := c.readAssignment()
		if err != nil {
			return nil, err
		}
		path, err := c.assignmentPath(of, g)
		if err != nil {
			return nil, err
		}
		if err := c.mayAssign(g); err != nil {
			return nil, err
		}
		c.tenant.giveAppRole(g)
		c.tenant.stats.effect(g.principalID, EffectAppGrant)
		return created(c.assignmentEntity(g, path)), nil
	}
}

// assignmentPath checks that body and path speak of the same principal, or of the
// same application.
func (c *call) assignmentPath(of string, g *appAssignment) (string, error) {
	if of != "" {
		id, ok := c.holder(of)
		if !ok {
			return "", notFound(c.params[0])
		}
		if id != g.principalID {
			return "", badRequest("The principalId in the request body does not match the object of the request.")
		}
		return of + "('" + id + "')/appRoleAssignments", nil
	}
	if !c.allowed("Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All") {
		return "", denied()
	}
	id, _, ok := c.servicePrincipal(c.params[0])
	if !ok {
		return "", notFound(c.params[0])
	}
	if id != g.appID {
		return "", badRequest("The resourceId in the request body does not match the object of the request.")
	}
	return "servicePrincipals('" + id + "')/appRoleAssignedTo", nil
}

// knowsPrincipal reports whether the replica that answers knows of a live account, a
// group or a service principal.
func (c *call) knowsPrincipal(id string) bool {
	if _, isUser := c.tenant.users[id]; isUser {
		_, err := c.account(id)
		return err == nil
	}
	return c.tenant.principalType(id) != ""
}

// mayAssign refuses what cannot be assigned.
func (c *call) mayAssign(g *appAssignment) error {
	kind := c.tenant.principalType(g.principalID)
	if !c.knowsPrincipal(g.principalID) {
		return notFound(g.principalID)
	}
	member := "User"
	if kind == "ServicePrincipal" {
		member = "Application"
	}
	id, a, ok := c.servicePrincipal(g.appID)
	switch {
	case !ok:
		return notFound(g.appID)
	case a == nil || !a.offers(g.roleID, member):
		return badRequest("Permission being assigned was not found on application '" + id + "'.")
	}
	if _, held := c.tenant.assignmentOf(a, g.principalID, g.roleID); held {
		message := "Permission being assigned already exists on the object"
		return badRequest(message, errorDetail{"InvalidUpdate", message, ""})
	}
	return nil
}

// deleteAppRoleAssignment: api/user-delete-approleassignments.md,
// serviceprincipal-delete-approleassignedto.md.
func deleteAppRoleAssignment(of string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		held, err := c.assignmentsBelow(of)
		if err != nil {
			return nil, err
		}
		for _, g := range held {
			if _, shown := c.appAssignmentRow(g); shown && g.id == c.params[1] {
				c.tenant.takeAppRole(g, c.now)
				c.tenant.stats.effect(g.principalID, EffectAppRemove)
				return noContent(), nil
			}
		}
		return nil, notFound(c.params[1])
	}
}

// assignmentsBelow are those of the principal or, with of empty, of the application
// in the path.
func (c *call) assignmentsBelow(of string) ([]*appAssignment, error) {
	if of == "" {
		id, _, ok := c.servicePrincipal(c.params[0])
		if !ok {
			return nil, notFound(c.params[0])
		}
		return c.tenant.apps.byApp[id], nil
	}
	id, ok := c.holder(of)
	if !ok {
		return nil, notFound(c.params[0])
	}
	return c.tenant.apps.byPrincipal[id], nil
}
