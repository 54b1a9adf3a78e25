namespace Foresight.Console.Withdrawals;

/// <summary>As in the address, and as text, because the Api judges it. A null member does not restrict.</summary>
/// <param name="State">Null: those that are open.</param>
public sealed record WithdrawalChoice(string? Account = null, string? State = null)
{
    public bool IsAny => Account is null && State is null;
}
