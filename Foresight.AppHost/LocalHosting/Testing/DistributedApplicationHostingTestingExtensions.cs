using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Testing;

public static class DistributedApplicationHostingTestingExtensions
{
    /// <param name="resourceName">A resource, or one replica of it such as <c>matching-2</c>.</param>
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = null) =>
        new() { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = null)
    {
        var (resource, replica) = Find(app, resourceName);
        if (resource is not IResourceWithEndpoints owner)
            throw new ArgumentException($"Resource '{resourceName}' has no endpoints.", nameof(resourceName));
        var name = endpointName ?? owner.Annotations.OfType<EndpointAnnotation>().FirstOrDefault()?.Name ?? "http";
        return new Uri(new EndpointReference(owner, name).UrlOf(replica));
    }

    public static ValueTask<string?> GetConnectionStringAsync(
        this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default) =>
        Find(app, resourceName).Resource is IResourceWithConnectionString resource
            ? resource.GetConnectionStringAsync(cancellationToken)
            : throw new ArgumentException($"Resource '{resourceName}' has no connection string.", nameof(resourceName));

    private static (IResource Resource, int Replica) Find(DistributedApplication app, string name)
    {
        if (app.Resources.FirstOrDefault(r => string.Equals(r.Name, name, StringComparison.OrdinalIgnoreCase)) is { } resource)
            return (resource, 0);
        if (app.ResourceNotifications.TryGetCurrentState(name, out var found))
            return (found!.Resource, int.Parse(name[(name.LastIndexOf('-') + 1)..]) - 1);
        throw new ArgumentException($"There is no resource '{name}'.", nameof(name));
    }
}
