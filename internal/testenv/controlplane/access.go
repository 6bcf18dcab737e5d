package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// User returns the access of a person by client certificate, with no rights
// but those that RBAC gives to the name and the groups.
func (c *ControlPlane) User(name string, groups ...string) (*rest.Config, error) {
	user, err := c.environment.AddUser(envtest.User{Name: name, Groups: groups}, c.throughput())
	if err != nil {
		return nil, fmt.Errorf("provision user %s: %w", name, err)
	}
	return user.Config(), nil
}

// ServiceAccount returns the access of an existing ServiceAccount by a bound
// token, as a pod running under it has. The token ends after ttl, which
// kube-apiserver wants to be ten minutes at least.
func (c *ControlPlane) ServiceAccount(ctx context.Context, namespace, name string, ttl time.Duration) (*rest.Config, error) {
	clientset, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return nil, fmt.Errorf("token of %s/%s: %w", namespace, name, err)
	}
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(ttl.Seconds()))},
	}
	token, err := clientset.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of %s/%s: %w", namespace, name, err)
	}
	config := c.throughput()
	config.Host = c.Config.Host
	config.CAData = c.Config.CAData
	config.BearerToken = token.Status.Token
	return config, nil
}

// Kubectl runs kubectl as administrator in the given folder (empty: that of the
// caller) and returns its standard output. The error holds what it printed to
// standard error.
func (c *ControlPlane) Kubectl(ctx context.Context, dir string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.KubectlPath(), append([]string{"--kubeconfig=" + c.kubeconfig}, args...)...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %v: %w: %s", args, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// KubectlPath is the kubectl that was built with the control plane.
func (c *ControlPlane) KubectlPath() string { return filepath.Join(c.assets, "kubectl") }

// throughput is an access without credentials and without a client-side limit
// that a suite would notice.
func (c *ControlPlane) throughput() *rest.Config {
	return &rest.Config{QPS: c.Config.QPS, Burst: c.Config.Burst}
}

// WriteKubeconfig writes an access to a file that only its owner can read.
func WriteKubeconfig(config *rest.Config, path string) error {
	const name = "m365-operator"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData,
		ClientKeyData:         config.KeyData,
		Token:                 config.BearerToken,
	}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	kubeconfig.CurrentContext = name
	content, err := clientcmd.Write(*kubeconfig)
	if err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}
