using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Testing;

/// <summary>
/// In escape mode any account fills orders. The silence before it is written into the factory's storage, because to wait for it would move
/// the chain's clock by a day, past the expiries of all who share the chain. How the contracts themselves get into escape mode is shown by
/// EscapeTests.
/// </summary>
public static class EscapeMode
{
    /// <summary>Storage slot of <c>MarketFactory.lastSignOfLife</c>: the roles of AccessControl come before it.</summary>
    private const string Slot = "0x1";

    private static readonly TimeSpan OrderLife = TimeSpan.FromHours(1);

    /// <summary>Escape mode fills no order without an expiry, so orders to fill directly need one.</summary>
    public static long Expiry() => DateTimeOffset.UtcNow.Add(OrderLife).ToUnixTimeSeconds();

    public static async Task<T> FillAsync<T>(
        EthereumClient chain,
        Address market,
        OrderMessage order,
        byte[] signature,
        long lots,
        Func<byte[], Task<T>> send
    )
    {
        var factory = new MarketFactoryContract(
            chain,
            await new MarketContract(chain, market).ReadAsync<Address>(
                ContractArtifact.Market.Function("factory"),
                BlockRef.Latest,
                CancellationToken.None
            )
        );
        var sign = await factory.LastSignOfLifeAsync();
        var life = await factory.LongestOrderLifeAsync();
        await SetSignOfLifeAsync(chain, factory.Address, sign - (long)life.TotalSeconds - (long)OrderLife.TotalSeconds);
        try
        {
            return await send(MarketContract.FillOrderSigned(order, signature, lots * OrderMessage.AmountPerLot));
        }
        finally
        {
            await SetSignOfLifeAsync(chain, factory.Address, sign);
        }
    }

    /// <summary>Leaves no event, unlike a sign of life of the operator.</summary>
    public static Task SetSignOfLifeAsync(EthereumClient chain, Address factory, long unixSeconds) =>
        chain.RequestAsync(new RpcRequest("anvil_setStorageAt", factory.ToLowerHex(), Slot, "0x" + unixSeconds.ToString("x64")));
}
