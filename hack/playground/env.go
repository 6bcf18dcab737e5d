package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// writeEnv writes what other programs need, as NAME=value lines. It is there whole or
// not at all, since it is written anew when the manager was restarted.
func (p *playground) writeEnv() error {
	lines := []string{
		"KUBECONFIG=" + p.Kubeconfig,
		"GRAPH_URL=" + p.Graph.URL,
		"GRAPH_CA=" + p.Graph.CAFile,
		"TENANT_IDS=" + strings.Join(p.Graph.TenantIDs, ","),
		"CLIENT_ID=" + p.Graph.ClientID,
		"CLIENT_SECRET=" + p.Graph.ClientSecret,
		"METRICS_URL=" + p.MetricsURL,
		"PROBES_URL=" + p.ProbesURL,
		"AUDIT_LOG=" + p.AuditLog(),
		"MANAGER_PID=" + strconv.Itoa(p.Manager().PID()),
	}
	file := filepath.Join(p.Dir, "env")
	err := os.WriteFile(file+".new", []byte(strings.Join(lines, "\n")+"\n"), 0o600)
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return fmt.Errorf("write env: %w", err)
	}
	return nil
}

// hints tell what can be done now.
func (p *playground) hints() {
	say(p.out, `
In another terminal:

  set -a; . bin/playground/env; set +a; PATH=%s:$PATH

  kubectl get m365tenants -A
  kubectl get musers -n client-001 -o wide
  kubectl get musers -A --field-selector status.mfa.state=NotRegistered
  kubectl explain manageduser.spec

Suspend somebody (take any name of the list; the object is yours from then on):

  kubectl patch muser -n client-001 NAME --type=merge -p '{"spec":{"suspended":true}}'
  kubectl events -n client-001
  tail "$AUDIT_LOG"

Be an outsider in a portal, and see what Graph was asked for. Let somebody in whom you
suspended: that is corrected within one sync once Graph has shown the block.

  curl -s --cacert "$GRAPH_CA" -X PATCH "$GRAPH_URL/_sim/tenants/${TENANT_IDS%%%%,*}/users/UPN" -d '{"accountEnabled":true}'
  curl -s --cacert "$GRAPH_CA" "$GRAPH_URL/_sim/requests"
  curl -s --cacert "$GRAPH_CA" "$GRAPH_URL/_sim/counters"
  curl -s "$METRICS_URL"

Kill the manager at any moment. It is started again at once, its new process id stands in
the same file, and it works again when the Lease of the one that was killed has run out (15 s):

  kill -9 "$(sed -n 's/^MANAGER_PID=//p' bin/playground/env)"

Logs are in bin/playground/logs. Ctrl-C stops everything.`, filepath.Dir(p.ControlPlane.KubectlPath()))
}
