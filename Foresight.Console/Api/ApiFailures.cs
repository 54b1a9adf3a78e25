namespace Foresight.Console.Api;

/// <summary>No Api node gave an answer that can be used. What was shown before is stale; nothing is known to have changed.</summary>
public sealed class ApiUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The Api answered, and said no. <see cref="Code"/> is the problem's code, or the status where it gave none.</summary>
public sealed class ApiRefusedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}

/// <summary>The Api does not accept this admin key (any more): the operator has to sign in again.</summary>
public sealed class KeyRefusedException() : Exception("The Api does not accept the admin key.");
