using Foresight.Api.Problems;

namespace Foresight.Api.Operations;

/// <summary>A decision that takes two keys waits until another key has decided the same. Pure.</summary>
public static class FourEyes
{
    /// <param name="waitingAction">What one key has decided and another has yet to; null if nothing waits.</param>
    /// <returns>Neither: this is the second key, so the decision takes effect.</returns>
    public static (bool Waits, (string Code, string Reason)? Refusal) Judge(
        string? waitingAction,
        string? waitingKey,
        string action,
        string key
    ) =>
        waitingAction != action ? (true, null)
        : waitingKey == key
            ? (false, (ProblemRules.SecondPersonNeeded, $"The key {key} has decided this already; somebody with another key must too."))
        : (false, null);
}
