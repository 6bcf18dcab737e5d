package graphsim

import (
	"strings"
)

// signInPage is the page of the sign-in log, and the most $top may ask for
// (api/signin-list.md).
const signInPage = 1000

// propSignInErrorCode can be filtered by, but is read as part of status only.
const propSignInErrorCode = "status/errorCode"

// signInSchema is resources/signin.md.
func signInSchema() *entitySchema {
	props := []property{
		{name: "id", flags: filterEq},
		{name: "createdDateTime", kind: kindTime, flags: filterable},
		{name: "userDisplayName", flags: filterable},
		{name: "userPrincipalName", flags: filterable},
		{name: "userId", flags: filterEq},
		{name: "appId", flags: filterEq},
		{name: "appDisplayName", flags: filterable},
		{name: "ipAddress", flags: filterable},
		{name: "clientAppUsed", flags: filterEq},
		{name: "correlationId", flags: filterEq},
		{name: "conditionalAccessStatus", flags: filterEq},
		{name: "isInteractive", kind: kindBool},
		{name: "riskDetail"},
		{name: "riskLevelAggregated"},
		{name: "riskLevelDuringSignIn"},
		{name: "riskState"},
		{name: "riskEventTypes", kind: kindStrings},
		{name: "riskEventTypes_v2", kind: kindStrings},
		{name: "resourceDisplayName"},
		{name: "resourceId"},
		{name: "status", kind: kindObject},
		{name: "deviceDetail", kind: kindObject},
		{name: "location", kind: kindObject},
		{name: "appliedConditionalAccessPolicies", kind: kindStrings},
	}
	for i := range props {
		props[i].flags |= inDefault
	}
	return newEntitySchema("microsoft.graph.signIn", "SignIn", append(props, property{name: propSignInErrorCode, kind: kindInt, flags: filterEq}))
}

func (c *call) signInRow(s SignInSpec) row {
	var upn, name any
	if r, ok := c.tenant.users[s.User]; ok {
		upn, name = strings.ToLower(r.current.upn()), r.current.str(propDisplayName)
	}
	risk := "hidden"
	if c.tenant.hasPlan(planEntraP2) {
		risk = "none"
	}
	conditional := "notApplied"
	if s.ErrorCode == 53003 {
		conditional = "failure"
	}
	return row{
		s.ID, s.Created, name, upn, s.User, s.AppID, s.App, s.IPAddress, s.Client, s.ID, conditional, true,
		risk, risk, risk, "none",
		[]string{},
		[]string{},
		s.App, s.AppID,
		object(jsonMember{"errorCode", s.ErrorCode}, jsonMember{"failureReason", failureReason(s.ErrorCode)}, jsonMember{"additionalDetails", nil}),
		object(jsonMember{"deviceId", ""}, jsonMember{"displayName", nil}, jsonMember{"operatingSystem", "Windows"}, jsonMember{"browser", "Edge"},
			jsonMember{"isCompliant", nil}, jsonMember{"isManaged", nil}, jsonMember{"trustType", nil}),
		object(jsonMember{"city", nil}, jsonMember{"state", nil}, jsonMember{"countryOrRegion", orNull(c.tenant.country)}, jsonMember{"geoCoordinates", nil}),
		[]string{},
		s.ErrorCode,
	}
}

// keptSignIns are those that Microsoft still has, the oldest first.
func (c *call) keptSignIns() ([]SignInSpec, error) {
	if !c.tenant.hasP1() {
		return nil, premiumRequired()
	}
	if strings.Contains(c.query.get("select"), "/") {
		return nil, unknownProperty(c.query.get("select"), "microsoft.graph.signIn")
	}
	log := c.tenant.signInLog
	for len(log) > 0 && log[0].Created.Before(c.now.Add(-signInRetention)) {
		log = log[1:]
	}
	return log, nil
}

// listSignIns: api/signin-list.md. The newest come first.
func listSignIns(c *call) (*response, error) {
	log, err := c.keptSignIns()
	if err != nil {
		return nil, err
	}
	l := &listing{
		schema: c.srv.types.signIn, context: "auditLogs/signIns", page: signInPage, maxTop: signInPage, absent: []string{"orderby"},
		length: len(log), at: func(place int) (properties, bool) { return c.signInRow(log[len(log)-1-place]), true },
	}
	return c.list(l.plainly())
}

// getSignIn: api/signin-get.md.
func getSignIn(c *call) (*response, error) {
	log, err := c.keptSignIns()
	if err != nil {
		return nil, err
	}
	for _, s := range log {
		if s.ID == strings.ToLower(c.params[0]) {
			return c.getOne(c.srv.types.signIn, "auditLogs/signIns", c.signInRow(s))
		}
	}
	return nil, notFound(c.params[0])
}
