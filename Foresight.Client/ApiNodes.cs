namespace Foresight.Client;

/// <summary>The nodes are used in rotation, so that load spreads and a dead node costs one attempt, not the order.</summary>
public sealed class ApiNodes
{
    private readonly Uri[] _addresses;
    private int _next = -1;

    /// <param name="addresses">Absolute, with or without a slash at the end.</param>
    public ApiNodes(params IReadOnlyList<Uri> addresses)
    {
        if (addresses.Count == 0)
            throw new ArgumentException("At least one address of an Api node is needed.", nameof(addresses));
        _addresses = [.. addresses.Select(address => new Uri(address.AbsoluteUri.TrimEnd('/') + "/"))];
    }

    public int Count => _addresses.Length;

    public Uri Next() => _addresses[(uint)Interlocked.Increment(ref _next) % (uint)_addresses.Length];
}
