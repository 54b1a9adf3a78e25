namespace Foresight.Console.Api;

/// <summary>Key and name that requests to the Api carry. Scoped: one for each HTTP request or circuit.</summary>
public sealed class OperatorCredential
{
    private Func<string?> _key = () => null;

    /// <summary>Null if no operator is signed in, or the session has ended.</summary>
    public string? Key => _key();

    public string OperatorName { get; private set; } = "";

    /// <param name="name">The operator's name, for the audit trail.</param>
    /// <param name="readKey">Called before each request, so that ending a session stops its open pages too.</param>
    public void Use(string name, Func<string?> readKey)
    {
        OperatorName = name;
        _key = readKey;
    }
}
