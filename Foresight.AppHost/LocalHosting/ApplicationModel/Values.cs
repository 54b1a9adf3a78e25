namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is known only when the model runs, such as an endpoint's port.</summary>
public interface IValueProvider
{
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>The address of one named endpoint of a resource; of a replicated project, the first replica's.</summary>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IValueProvider
{
    public IResourceWithEndpoints Resource { get; } = owner;

    public string EndpointName { get; } = endpointName;

    public string Scheme => Annotation.UriScheme;

    public string Host => Allocated(0).Host;

    public int Port => Allocated(0).Port;

    public string Url => UrlOf(0);

    public bool Exists => Resource.Annotations.OfType<EndpointAnnotation>().Any(e => e.Name == EndpointName);

    internal EndpointAnnotation Annotation =>
        Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => e.Name == EndpointName)
        ?? throw new DistributedApplicationException($"Resource '{Resource.Name}' has no endpoint named '{EndpointName}'.");

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(Url);

    internal string UrlOf(int replica) => $"{Scheme}://{Allocated(replica).Host}:{Allocated(replica).Port}";

    private AllocatedEndpoint Allocated(int replica) =>
        replica < Annotation.Allocated.Count
            ? Annotation.Allocated[replica]
            : throw new DistributedApplicationException(
                $"The address of endpoint '{EndpointName}' of '{Resource.Name}' is known only after the application has started.");
}

public sealed record AllocatedEndpoint(string Host, int Port);

internal sealed class ConnectionStringValue(IResourceWithConnectionString resource) : IValueProvider
{
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
        resource.GetConnectionStringAsync(cancellationToken);
}
