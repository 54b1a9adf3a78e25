namespace Foresight.Console.FailedCommands;

/// <summary>As in the address, and as text, because the Api judges it. A null member does not restrict.</summary>
/// <param name="Text">Part of the reason or of the request's id.</param>
public sealed record FailedCommandChoice(string? Kind = null, string? Shard = null, string? Text = null)
{
    public bool IsAny => Kind is null && Shard is null && Text is null;
}
