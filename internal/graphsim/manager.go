package graphsim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// managerOf is the manager of an account as this read sees it. A link to a deleted
// manager is not shown; it is there again when the manager is restored.
func (c *call) managerOf(u *user) (*directoryObject, bool) {
	id := u.str(propManager)
	if id == "" {
		return nil, false
	}
	return c.object(id)
}

// getManager: api/user-list-manager.md.
func getManager(c *call) (*response, error) {
	manager, err := c.managerAsked()
	if err != nil {
		return nil, err
	}
	selected, err := c.objectSelection(c.query.get("select"))
	if err != nil {
		return nil, err
	}
	return c.oneObject(manager, selected), nil
}

// getManagerReference answers with the manager's address only.
func getManagerReference(c *call) (*response, error) {
	manager, err := c.managerAsked()
	if err != nil {
		return nil, err
	}
	return entity(c.context("$ref"), []jsonMember{{"@odata.id", c.objectURL(manager.id)}}), nil
}

func (c *call) managerAsked() (*directoryObject, error) {
	if err := c.query.refuse("top", "skip", "filter", "orderby", "search", "count"); err != nil {
		return nil, err
	}
	if c.query.has("expand") {
		return nil, notSimulated("$expand on " + c.endpoint.template)
	}
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	manager, ok := c.managerOf(c.replica(r))
	if !ok {
		return nil, notFound("manager")
	}
	return manager, nil
}

// putManager: api/user-post-manager.md.
func putManager(c *call) (*response, error) {
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	key, err := c.reference()
	if err != nil {
		return nil, err
	}
	target, ok := c.tenant.find(key)
	switch {
	case ok && target == r, !ok && c.tenant.isOtherObject(key):
		return nil, invalidReference("manager")
	case !ok || c.replica(target) == nil:
		return nil, notFound(key)
	}
	return c.assignManager(r, target.current.id)
}

// deleteManager: api/user-delete-manager.md.
func deleteManager(c *call) (*response, error) {
	r, err := c.account(c.params[0])
	if err != nil {
		return nil, err
	}
	if _, ok := c.managerOf(r.current); !ok {
		return nil, notFound("manager")
	}
	return c.assignManager(r, nil)
}

func (c *call) assignManager(r *userRecord, manager any) (*response, error) {
	if r.current.boolean(propOnPremisesSyncEnabled) {
		return nil, badRequest(onPremisesMastered)
	}
	if changed := c.tenant.apply(r, []field{{propManager, manager}}, c.now); !changed.empty() {
		c.tenant.stats.effect(r.current.id, EffectManager)
	}
	return noContent(), nil
}

// invalidReference refuses a link that cannot be: to an object of a wrong kind, or to
// oneself.
func invalidReference(name string) error {
	return badRequest("An invalid operation was included in the following modified references: '" + name + "'.")
}

// isOtherObject reports whether the id is that of a group or service principal.
func (t *tenant) isOtherObject(id string) bool {
	_, group := t.group(id)
	_, _, principal := t.principalByID(strings.ToLower(id))
	return group || principal
}

// reference reads the body of a $ref: an address of Graph's in any cloud, or of the
// simulator's own (concepts/deployments.md). It returns the key.
func (c *call) reference() (string, error) {
	var body struct {
		ID string `json:"@odata.id"`
	}
	if json.Unmarshal(c.req.body, &body) != nil || body.ID == "" {
		return "", odataBadRequest("The request body must contain the '@odata.id' of the entity to reference.")
	}
	key, ok := c.keyIn(body.ID)
	if !ok {
		return "", odataBadRequest("The '@odata.id' value '" + body.ID + "' is not the address of a directory object.")
	}
	return key, nil
}

// keyIn finds the key in v1.0/users/{id}, v1.0/directoryObjects/{id}, and
// v2/{tenant}/directoryObjects/{id}/{type}.
func (c *call) keyIn(reference string) (string, bool) {
	address, err := url.Parse(reference)
	if err != nil || address.Scheme != "https" || !c.ownHost(address.Host) {
		return "", false
	}
	segs, err := segments(address.EscapedPath())
	switch {
	case err != nil:
		return "", false
	case len(segs) == 3 && (segs[0] == "v1.0" || segs[0] == "beta"):
		segs = segs[1:]
	case len(segs) == 5 && segs[0] == "v2" && strings.EqualFold(segs[1], c.tenant.id):
		segs = segs[2:4]
	default:
		return "", false
	}
	return segs[1], equalName(segs[0], "users") || equalName(segs[0], "directoryObjects")
}

func (c *call) ownHost(host string) bool {
	known := []string{"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}
	return slices.Contains(known, strings.ToLower(host)) || "https://"+host == c.req.baseURL
}

// listDirectReports answers api/user-list-directreports.md, of all types or cast to
// users.
func listDirectReports(cast string) func(c *call) (*response, error) {
	return func(c *call) (*response, error) {
		r, err := c.account(c.params[0])
		if err != nil {
			return nil, err
		}
		if c.query.has("skip") {
			return nil, badRequest("'$skip' is not supported by the service.")
		}
		var reports []string
		for _, other := range c.tenant.records {
			if other.current.str(propManager) == r.current.id {
				reports = append(reports, other.current.id)
			}
		}
		return c.list(c.memberListing(reports, cast))
	}
}

// linkManager gives an account the manager that a spec names, after all are made.
func (t *tenant) linkManager(id string, manager any) error {
	fields, _, err := t.fieldsOf(map[string]any{"manager": manager})
	if err != nil {
		return err
	}
	r := t.users[id]
	r.current, _ = r.current.with(fields)
	r.followSync()
	return nil
}

// managerIn finds a manager among the properties of a spec.
func managerIn(spec map[string]any) (name string, ok bool) {
	for name := range spec {
		if equalName(name, "manager") {
			return name, true
		}
	}
	return "", false
}
