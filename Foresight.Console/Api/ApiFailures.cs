namespace Foresight.Console.Api;

/// <summary>No Api node gave a usable answer. Displayed values are stale; nothing is known to have changed.</summary>
public sealed class ApiUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A refusal by the Api. <see cref="Code"/> is the problem code, or the HTTP status without one.</summary>
public sealed class ApiRefusedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}

/// <summary>The Api does not accept the admin key (any more): the operator must sign in again.</summary>
public sealed class KeyRefusedException() : Exception("The Api does not accept the admin key.");
