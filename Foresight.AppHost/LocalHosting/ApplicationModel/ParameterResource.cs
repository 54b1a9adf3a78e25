namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value from outside the model: configured as <c>Parameters:name</c>, else generated once when it is a secret.</summary>
public sealed class ParameterResource(string name, Func<ParameterResource, string> resolve, bool secret) : Resource(name), IValueProvider
{
    private readonly Lock _resolving = new();
    private string? _value;

    public bool Secret { get; } = secret;

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        lock (_resolving)
            return ValueTask.FromResult<string?>(_value ??= resolve(this));
    }

    internal async ValueTask<string> GetRequiredValueAsync(CancellationToken cancellationToken) =>
        await GetValueAsync(cancellationToken) ?? throw new DistributedApplicationException($"Parameter '{Name}' has no value.");
}
