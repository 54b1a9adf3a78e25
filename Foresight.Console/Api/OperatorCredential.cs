namespace Foresight.Console.Api;

/// <summary>Scoped: one for each HTTP request or circuit, so that no operator acts with another's key.</summary>
public sealed class OperatorCredential
{
    private Func<string?> _key = () => null;

    public string? Key => _key();

    public string OperatorName { get; private set; } = "";

    /// <param name="name">For the audit trail.</param>
    /// <param name="readKey">Called before each request, so that ending a session stops its open pages too.</param>
    public void Use(string name, Func<string?> readKey)
    {
        OperatorName = name;
        _key = readKey;
    }
}
