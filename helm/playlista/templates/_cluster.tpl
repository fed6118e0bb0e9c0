{{/* Labels that a member of the cluster is selected by; to be called with (dict "root" $ "member" "worker"). */}}
{{- define "playlista.memberLabels" -}}
app.kubernetes.io/name: {{ include "playlista.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .member }}
{{- end -}}

{{/* The cluster is off in values of a chart that did not have it (helm upgrade --reuse-values). */}}
{{- define "playlista.clusterEnabled" -}}
{{- if and .Values.cluster .Values.cluster.enabled -}}true{{- end -}}
{{- end -}}

{{- define "playlista.schedulerAddress" -}}
{{- printf "tls://%s-scheduler:8786" (include "playlista.fullname" .) -}}
{{- end -}}

{{/* The environment by which a member finds the scheduler and its own certificate. */}}
{{- define "playlista.clusterEnv" -}}
- name: DASK_SCHEDULER
  value: {{ include "playlista.schedulerAddress" . }}
- name: CLUSTER_TLS_DIR
  value: /certificates
{{- end -}}

{{/* The certificates of one part, and of no other. */}}
{{- define "playlista.certificates" -}}
- name: certificates
  secret:
    secretName: {{ .root.Values.cluster.tlsSecret }}
    defaultMode: 0440
    items:
      - {key: ca.pem, path: ca.pem}
      - {key: {{ .part }}.pem, path: {{ .part }}.pem}
      - {key: {{ .part }}.key, path: {{ .part }}.key}
{{- end -}}

{{/* What the pods of all members have in common. */}}
{{- define "playlista.memberPod" -}}
serviceAccountName: {{ include "playlista.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "playlista.podSecurityContext" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "playlista.memberResources" -}}
{{- range $kind := list "requests" "limits" }}
{{ $kind }}:
  {{- range $resource, $quantity := get $.resources $kind }}
  {{- if $quantity }}
  {{ $resource }}: {{ $quantity | quote }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end -}}
