using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Protocol;
using Foresight.Simulation.Clients;

namespace Foresight.Simulation.Vault;

/// <summary>The traders' accounts at the chain: they ask for their money in each way that there is, at any moment.</summary>
internal sealed class Owners : Caller
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private readonly List<Grant> _asked = [];
    private ulong _nonce;

    public Owners(World world)
        : base(world, "owners")
    {
        Run(() => _ = ActAsync());
    }

    public bool Stopped { get; set; }

    private async Task ActAsync()
    {
        var chain = World.Chain;
        while (!Stopped)
        {
            await Task.Delay(Dice.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2)), Clock);
            var account = Trader.AccountOf(1 + Dice.Below(4), 1 + Dice.Below(Trader.Accounts));
            var asset = Dice.Pick(SimulatedChain.AssetsOf(account).ToList());
            switch (Dice.Below(7))
            {
                case 0:
                    chain.Request(asset, asset.Market == 0 ? SimulatedChain.Money : SimulatedChain.Shares);
                    break;
                case 1:
                    chain.Request(asset, Dice.Between(1, asset.Market == 0 ? SimulatedChain.Money / 4 : SimulatedChain.Shares / 4));
                    break;
                case 2:
                    chain.Cancel(asset);
                    break;
                case 3:
                case 4:
                    foreach (var one in SimulatedChain.AssetsOf(account))
                        chain.Finish(one);
                    break;
                case 5:
                    await AskAsync(asset);
                    break;
                default:
                    if (_asked.Count > 0 && Dice.Pick(_asked) is var grant && World.Mutant.IsCoSigned(chain, grant))
                        chain.WithdrawNow(grant);
                    break;
            }
        }
    }

    private async Task AskAsync(Asset asset)
    {
        var units = Dice.Between(1, asset.Market == 0 ? SimulatedChain.Money / 8 : SimulatedChain.Shares / 8);
        var grant = new Grant(asset, ++_nonce, units, World.Postgres.TrueNowSeconds + Dice.Between(61, 600));
        // Also while the answer is out: a co-signature is of the journal, and not of an answer.
        _asked.Add(grant);
        await SendAsync(Signed(grant), Patience);
    }

    private GrantWithdrawal Signed(Grant grant)
    {
        var ((account, market, outcome), nonce, units, deadline) = grant;
        Address? contract = market == 0 ? null : SimulatedTraders.Contracts[market - 1].Contract;
        var message = VaultAssets.MessageOf(Address.Parse(account), contract, outcome, units, nonce, deadline);
        var digest = WithdrawalMessage.DomainOf(SimulatedTraders.ChainId, SimulatedTraders.Vault).Digest(message.RequestStructHash());
        return new GrantWithdrawal(
            account,
            market,
            outcome,
            units,
            nonce,
            deadline,
            Hex.Encode(SimulatedTraders.KeyOf(account).Sign(digest))
        )
        {
            RequestId = Dice.NextGuid(),
        };
    }
}
