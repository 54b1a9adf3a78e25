using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Console.Api;

/// <summary>Each node serves every request, so the console stays with one until it fails, then tries the next.</summary>
public sealed class ApiAddresses
{
    private readonly Uri[] _addresses;
    private int _preferred;

    public ApiAddresses(IReadOnlyList<Uri> addresses)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        _addresses = [.. addresses];
    }

    public int Count => _addresses.Length;

    /// <summary>Begins with the node that answered last, so that a node that is down does not delay every request.</summary>
    public IEnumerable<Uri> InOrder()
    {
        var first = Volatile.Read(ref _preferred);
        for (var i = 0; i < _addresses.Length; i++)
            yield return _addresses[(first + i) % _addresses.Length];
    }

    public void Prefer(Uri address)
    {
        var index = Array.IndexOf(_addresses, address);
        if (index >= 0)
            Volatile.Write(ref _preferred, index);
    }

    public static ApiAddresses FromConfiguration(IConfiguration configuration)
    {
        var addresses = configuration.Optional("API_URLS") is { } list
            ? [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Parse)]
            : configuration.ServiceUrls("api");
        return addresses.Count > 0
            ? new ApiAddresses(addresses)
            : throw new SettingException("API_URLS is not set: it is the list of the Api nodes' addresses, with commas between.");
    }

    private static Uri Parse(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new SettingException($"API_URLS must hold absolute http or https addresses, not \"{address}\".");
}
