namespace Aspire.Hosting.ApplicationModel;

/// <summary>A server that somebody else runs, reached by <c>ConnectionStrings:name</c> of the configuration.</summary>
internal sealed class ConnectionStringResource(string name, Func<string?> configured) : Resource(name), IResourceWithConnectionString
{
    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<string?>(configured() is { Length: > 0 } value
            ? value
            : throw new DistributedApplicationException($"Connection string '{Name}' is not configured: set ConnectionStrings:{Name}."));
}
