namespace Aspire.Hosting.ApplicationModel;

/// <param name="name">Unique within the resource.</param>
/// <param name="uriScheme">http, or tcp for what is not a web address.</param>
/// <param name="port">The port asked for; null takes any free one.</param>
/// <param name="targetPort">What the program would listen on in a container of its own; native programs are told theirs in PORT.</param>
public sealed class EndpointAnnotation(string name, string uriScheme, int? port, int? targetPort) : IResourceAnnotation
{
    public string Name { get; } = name;

    public string UriScheme { get; } = uriScheme;

    public int? Port { get; set; } = port;

    public int? TargetPort { get; set; } = targetPort;

    public bool IsExternal { get; set; }

    /// <summary>One per replica, filled in when the application starts.</summary>
    internal List<AllocatedEndpoint> Allocated { get; } = [];
}

public sealed class EnvironmentCallbackContext(Dictionary<string, object> environmentVariables, CancellationToken cancellationToken)
{
    /// <summary>Values are strings or <see cref="IValueProvider"/>.</summary>
    public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables;

    public CancellationToken CancellationToken { get; } = cancellationToken;
}

public sealed class EnvironmentCallbackAnnotation(Action<EnvironmentCallbackContext> callback) : IResourceAnnotation
{
    public Action<EnvironmentCallbackContext> Callback { get; } = callback;
}

public sealed class CommandLineArgsCallbackAnnotation(Action<IList<object>> callback) : IResourceAnnotation
{
    public Action<IList<object>> Callback { get; } = callback;
}

public enum WaitType
{
    WaitUntilHealthy,
    WaitForCompletion,
}

public sealed class WaitAnnotation(IResource resource, WaitType waitType, int exitCode = 0) : IResourceAnnotation
{
    public IResource Resource { get; } = resource;

    public WaitType WaitType { get; } = waitType;

    public int ExitCode { get; } = exitCode;
}

/// <summary>What a stop has to respect besides waits: whoever holds a reference stops first.</summary>
internal sealed class ReferenceAnnotation(IResource resource) : IResourceAnnotation
{
    public IResource Resource { get; } = resource;
}

public sealed class ReplicaAnnotation(int replicas) : IResourceAnnotation
{
    public int Replicas { get; } = replicas;
}

public sealed class ContainerImageAnnotation : IResourceAnnotation
{
    public required string Image { get; init; }

    public required string Tag { get; init; }
}

public sealed class ExplicitStartupAnnotation : IResourceAnnotation;

internal sealed class HttpProbeAnnotation(string endpointName, string path, int statusCode) : IResourceAnnotation
{
    public string EndpointName { get; } = endpointName;

    public string Path { get; } = path;

    public int StatusCode { get; } = statusCode;
}

public sealed class ResourceUrlAnnotation : IResourceAnnotation
{
    public required string Url { get; set; }

    public string? DisplayText { get; set; }
}

internal sealed class UrlCallbackAnnotation(string endpointName, Action<ResourceUrlAnnotation> callback) : IResourceAnnotation
{
    public string EndpointName { get; } = endpointName;

    public Action<ResourceUrlAnnotation> Callback { get; } = callback;
}
