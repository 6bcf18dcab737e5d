package graph

import (
	"fmt"
	"net/url"
	"strings"
)

// Cloud is one of Microsoft's national clouds
// (https://learn.microsoft.com/graph/deployments).
type Cloud string

// The clouds.
const (
	// CloudGlobal is the worldwide cloud, GCC included.
	CloudGlobal Cloud = "Global"
	// CloudUSGov is GCC High.
	CloudUSGov Cloud = "USGov"
	// CloudUSGovDoD is the US Department of Defense's.
	CloudUSGovDoD Cloud = "USGovDoD"
	// CloudChina is operated by 21Vianet.
	CloudChina Cloud = "China"
)

// Endpoints are the two hosts a tenant is reached at, as https URLs without a path.
type Endpoints struct {
	// Graph serves Microsoft Graph.
	Graph string
	// Login issues tokens.
	Login string
}

// EndpointsFor returns the hosts of a cloud
// (https://learn.microsoft.com/graph/deployments).
func EndpointsFor(cloud Cloud) (Endpoints, error) {
	switch cloud {
	case CloudGlobal:
		return Endpoints{Graph: "https://graph.microsoft.com", Login: "https://login.microsoftonline.com"}, nil
	case CloudUSGov:
		return Endpoints{Graph: "https://graph.microsoft.us", Login: "https://login.microsoftonline.us"}, nil
	case CloudUSGovDoD:
		return Endpoints{Graph: "https://dod-graph.microsoft.us", Login: "https://login.microsoftonline.us"}, nil
	case CloudChina:
		return Endpoints{Graph: "https://microsoftgraph.chinacloudapi.cn", Login: "https://login.chinacloudapi.cn"}, nil
	}
	return Endpoints{}, fmt.Errorf("unknown cloud %q", cloud)
}

// Override replaces the hosts that o names.
func (e Endpoints) Override(o Endpoints) Endpoints {
	if o.Graph != "" {
		e.Graph = o.Graph
	}
	if o.Login != "" {
		e.Login = o.Login
	}
	return e
}

// Validate refuses endpoints to which a token or a key must not be sent.
func (e Endpoints) Validate() error {
	for name, endpoint := range map[string]string{"graph": e.Graph, "login": e.Login} {
		if _, err := parseEndpoint(endpoint); err != nil {
			return fmt.Errorf("%s endpoint: %w", name, err)
		}
	}
	return nil
}

// parseEndpoint parses an https URL that has neither a path nor anything after it.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(endpoint, "/"))
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not of the form https://host[:port]", endpoint)
	}
	return u, nil
}
