using Foresight.Protocol;
using Microsoft.JSInterop;

namespace Foresight.Console.Markets.Proposals;

/// <param name="Error">In words for the operator; null if the wallet did what it was asked for.</param>
public sealed record WalletAnswer(string? Account = null, string? Hash = null, string? Error = null);

/// <summary>The wallet in the operator's browser (wwwroot/wallet.js). The console sees its account and the hash, never a key.</summary>
public static class Wallet
{
    /// <summary>A person reads and confirms in between, which takes longer than the minute that scripts have.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static Task<WalletAnswer> ConnectAsync(IJSRuntime script, PreparedTransaction transaction) =>
        AskAsync(script, "foresightWallet.connect", $"{transaction.ChainId}");

    public static Task<WalletAnswer> SendAsync(IJSRuntime script, PreparedTransaction transaction, string account) =>
        AskAsync(script, "foresightWallet.send", $"{transaction.ChainId}", account, transaction.To, transaction.Data);

    private static async Task<WalletAnswer> AskAsync(IJSRuntime script, string function, params object[] arguments)
    {
        try
        {
            return await script.InvokeAsync<WalletAnswer>(function, Patience, arguments)
                ?? new WalletAnswer(Error: "The wallet is silent.");
        }
        catch (OperationCanceledException)
        {
            return new WalletAnswer(Error: $"The wallet has not answered within {Patience.TotalMinutes:0} min; look there what it did.");
        }
        catch (JSException e)
        {
            return new WalletAnswer(Error: $"The wallet cannot be used: {e.Message}");
        }
    }
}
