package main

import "strconv"

// The flags of each part, as small as a loopback cluster allows.

func (p *plane) startStore() error {
	url, peer := "http://"+loopback(p.ports.etcd), "http://"+loopback(p.ports.peer)
	_, err := p.launch("etcd",
		"--data-dir="+p.path("etcd"), "--name=brink",
		"--listen-client-urls="+url, "--advertise-client-urls="+url,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=brink="+peer,
		"--unsafe-no-fsync", "--log-level=warn", "--quota-backend-bytes=4294967296",
	)
	return err
}

func (p *plane) startServer() error {
	_, err := p.launch("kube-apiserver",
		"--etcd-servers=http://"+loopback(p.ports.etcd),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port="+strconv.Itoa(p.ports.api),
		"--tls-cert-file="+p.path("pki/server.crt"), "--tls-private-key-file="+p.path("pki/server.key"),
		"--client-ca-file="+p.path("pki/ca.crt"), "--token-auth-file="+p.path("pki/tokens.csv"),
		"--service-account-key-file="+p.path("pki/accounts.key"), "--service-account-signing-key-file="+p.path("pki/accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged",
		"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
		// Many short runs of the same client: fair queuing would make one test wait for another.
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000",
		"--profiling=false", "--v=0",
	)
	return err
}

func (p *plane) startControllers() error {
	config := p.path("kubeconfig")
	if _, err := p.launch("kube-controller-manager",
		"--kubeconfig="+config, "--controllers=*", "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file="+p.path("pki/accounts.key"), "--root-ca-file="+p.path("pki/ca.crt"),
		"--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false", "--v=0",
		"--horizontal-pod-autoscaler-sync-period=2s",
	); err != nil {
		return err
	}
	if _, err := p.launch("kube-scheduler",
		"--kubeconfig="+config, "--leader-elect=false", "--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false", "--v=0",
	); err != nil {
		return err
	}
	_, err := p.launch("kwok",
		"--kubeconfig="+config, "--config="+p.path("stages.yaml"), "--manage-all-nodes=true",
		"--node-lease-duration-seconds=40", "--cidr=10.0.0.1/8",
		// A port nobody serves: logs and exec of a fake pod fail at once instead of hanging on an address nobody has.
		"--node-ip=127.0.0.1", "--node-port=9", "--server-address="+loopback(p.ports.kwok),
	)
	return err
}
