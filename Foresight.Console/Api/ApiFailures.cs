namespace Foresight.Console.Api;

/// <summary>Nothing is known to have changed, so displayed values become stale and are kept.</summary>
public sealed class ApiUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

public sealed class ApiRefusedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}

/// <summary>Ends the session of the page that meets it: the operator must sign in again.</summary>
public sealed class KeyRefusedException() : Exception("The Api does not accept the admin key.");
