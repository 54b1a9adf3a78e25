namespace Foresight.Console.Api;

/// <summary>Whose key and name a request to the Api carries. Scoped: one per HTTP request, one per circuit.</summary>
public sealed class OperatorCredential
{
    private Func<string?> _key = () => null;

    /// <summary>Null when nobody is signed in, or the session has ended meanwhile.</summary>
    public string? Key => _key();

    public string OperatorName { get; private set; } = "";

    /// <param name="name">The operator's name, for the audit trail.</param>
    /// <param name="readKey">Asked before each request, so that ending a session ends what its open pages can do.</param>
    public void Use(string name, Func<string?> readKey)
    {
        OperatorName = name;
        _key = readKey;
    }
}
