package main

// derived are the fields that the server fills from other fields, or by allocation, where they are left unset: no
// constant is their default. What the registry does after defaulting is listed too, since a reader of a live object
// cannot tell the two apart. By type and field, with the reason.
var derived = map[string]map[string]string{
	"io.k8s.api.apps.v1.DaemonSet":  templateLabels,
	"io.k8s.api.apps.v1.Deployment": templateLabels,
	"io.k8s.api.apps.v1.ReplicaSet": templateLabels,
	"io.k8s.api.batch.v1.Job":       templateLabels,
	"io.k8s.api.batch.v1.JobSpec": {
		"selector": "generated from the uid unless manualSelector",
		"template": "labels with the uid and the job's name are added unless manualSelector",
	},
	"io.k8s.api.core.v1.ContainerPort": {
		"hostPort": "containerPort where the pod has hostNetwork",
	},
	"io.k8s.api.core.v1.LimitRangeItem": {
		"default":        "max, for type Container",
		"defaultRequest": "default, else min, for type Container",
	},
	"io.k8s.api.core.v1.Namespace": {
		"metadata": "label kubernetes.io/metadata.name is the name",
		"spec":     "finalizers: [kubernetes]",
	},
	"io.k8s.api.core.v1.NodeStatus": {
		"allocatable": "capacity",
	},
	"io.k8s.api.core.v1.PersistentVolume": {
		"metadata": "finalizer kubernetes.io/pv-protection",
	},
	"io.k8s.api.core.v1.PersistentVolumeClaim": {
		"apiVersion": "v1, in volumeClaimTemplates",
		"kind":       "PersistentVolumeClaim, in volumeClaimTemplates",
		"metadata":   "finalizer kubernetes.io/pvc-protection; annotations of the binder",
	},
	"io.k8s.api.core.v1.PersistentVolumeClaimSpec": {
		"dataSource":       "dataSourceRef",
		"dataSourceRef":    "dataSource",
		"storageClassName": "the default StorageClass",
		"volumeName":       "the volume that was bound",
	},
	"io.k8s.api.core.v1.PersistentVolumeSpec": {
		"claimRef": "the claim that was bound",
	},
	"io.k8s.api.core.v1.PodSpec": {
		"nodeName":           "the scheduler's choice",
		"preemptionPolicy":   "that of the priority class (pods only)",
		"priority":           "that of the priority class (pods only)",
		"serviceAccount":     "serviceAccountName",
		"serviceAccountName": "serviceAccount, else default (pods only)",
		"tolerations":        "not-ready and unreachable for 300 s are added (pods only)",
		"volumes":            "the service account's token is added (pods only)",
	},
	"io.k8s.api.core.v1.PodTemplateSpec": {
		"metadata": "labels with the uid and the name are added in a Job, unless manualSelector",
	},
	"io.k8s.api.core.v1.ReplicationController": templateLabels,
	"io.k8s.api.core.v1.ReplicationControllerSpec": {
		"selector": "the template's labels",
	},
	"io.k8s.api.core.v1.ResourceRequirements": {
		"requests": "limits (pods only)",
	},
	"io.k8s.api.core.v1.ServicePort": {
		"nodePort":   "allocated for types NodePort and LoadBalancer",
		"targetPort": "port",
	},
	"io.k8s.api.core.v1.ServiceSpec": {
		"clusterIP":           "allocated",
		"clusterIPs":          "clusterIP",
		"healthCheckNodePort": "allocated for type LoadBalancer with externalTrafficPolicy Local",
		"ipFamilies":          "the cluster's",
		"ipFamilyPolicy":      "SingleStack unless clusterIPs or ipFamilies say otherwise",
	},
	"io.k8s.api.rbac.v1.ClusterRole": {
		"rules": "those of the roles that aggregationRule selects",
	},
	"io.k8s.api.rbac.v1.Subject": {
		"apiGroup": "rbac.authorization.k8s.io for User and Group, empty for ServiceAccount",
	},
	"io.k8s.api.resource.v1.DeviceTaint": {
		"timeAdded": "the time of writing",
	},
	"io.k8s.api.resource.v1beta1.DeviceTaint": {
		"timeAdded": "the time of writing",
	},
	"io.k8s.api.resource.v1beta2.DeviceTaint": {
		"timeAdded": "the time of writing",
	},
	"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames": {
		"listKind": "kind with List appended",
		"singular": "kind in lower case",
	},
}

var templateLabels = map[string]string{"metadata": "labels are the template's where there are none; revision annotations"}

// converted are defaults that come from another version of the kind, through which the server stores it.
var converted = map[string]map[string]any{
	"io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec": {"targetCPUUtilizationPercentage": 80},
}
