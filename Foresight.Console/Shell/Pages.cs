using System.Globalization;
using Foresight.Protocol;

namespace Foresight.Console.Shell;

/// <summary>Addresses of the pages of single things.</summary>
public static class Pages
{
    public static string Order(string hash) => $"/orders/{Uri.EscapeDataString(hash)}";

    public static string Trade(long id) => $"/trades/{id.ToString(CultureInfo.InvariantCulture)}";

    public static string Account(string address) => $"/accounts/{Uri.EscapeDataString(address)}";

    public static string TradesOf(string account) => $"/trades?account={Uri.EscapeDataString(account)}";

    public static string WithdrawalsOf(string account) => $"/withdrawals?account={Uri.EscapeDataString(account)}";

    public static string Offender(string address) => $"/offenders/{Uri.EscapeDataString(address)}";

    public static string Transaction(string hash) => $"/transactions/{Uri.EscapeDataString(hash)}";

    public static string Market(int id) => $"/markets/{id.ToString(CultureInfo.InvariantCulture)}";

    public static string Discrepancy(long id) => $"/reconciliation/discrepancies/{id.ToString(CultureInfo.InvariantCulture)}";

    public static string Lookup(string text) => $"/lookup?q={Uri.EscapeDataString(text)}";

    /// <summary>A node is in the list of the cluster. Null for a kind that a newer Api finds and this console does not know.</summary>
    public static string? Of(LookupHit hit) =>
        hit.Kind switch
        {
            LookupKinds.Order => Order(hit.Id),
            LookupKinds.Trade => $"/trades/{Uri.EscapeDataString(hit.Id)}",
            LookupKinds.Account => Account(hit.Id),
            LookupKinds.Transaction => Transaction(hit.Id),
            LookupKinds.Market => $"/markets/{Uri.EscapeDataString(hit.Id)}",
            LookupKinds.Node => "/cluster",
            _ => null,
        };
}
