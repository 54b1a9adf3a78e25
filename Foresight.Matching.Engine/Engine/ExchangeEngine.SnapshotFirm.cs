using Foresight.Matching.Engine.Snapshots;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    private bool HasFirmState => (_firmUntilMicros | _firmAllotment) != 0 || _withdrawals.Count > 0;

    private ulong HashFirm()
    {
        ulong sum = 0;
        foreach (var (key, withdrawal) in _withdrawals)
        {
            var hash = Mixing.Then(Mixing.Then(3, key.Account), unchecked((long)key.Nonce));
            hash = Mixing.Then(hash, unchecked((long)_holdings.At(withdrawal.Row).Key));
            sum = unchecked(sum + Mixing.Then(Mixing.Then(hash, withdrawal.Units), withdrawal.DeadlineSeconds));
        }

        return Mixing.Then(Mixing.Then(sum, _firmUntilMicros), _firmAllotment);
    }

    private void WriteFirm(ref SnapshotEncoder writer)
    {
        writer.Word(_firmUntilMicros);
        writer.Word(_firmAllotment);
        writer.Half(_withdrawals.Count);
        var keys = new WithdrawalKey[_withdrawals.Count];
        _withdrawals.Keys.CopyTo(keys, 0);
        Array.Sort(keys, (one, other) => (one.Account, one.Nonce).CompareTo((other.Account, other.Nonce)));
        foreach (var key in keys)
        {
            var withdrawal = _withdrawals[key];
            ref readonly var holding = ref _holdings.At(withdrawal.Row);
            writer.Half(key.Account);
            writer.Word(unchecked((long)key.Nonce));
            writer.Half(holding.Market);
            writer.Byte(holding.Outcome);
            writer.Word(withdrawal.Units);
            writer.Word(withdrawal.DeadlineSeconds);
        }
    }

    private void ReadFirm(ref SnapshotDecoder reader)
    {
        _firmUntilMicros = reader.Word();
        _firmAllotment = reader.Word();
        if (_firmUntilMicros < 0 || _firmAllotment < 0)
            throw new FormatException($"the snapshot takes firm orders until {_firmUntilMicros}, {_firmAllotment} trades");
        for (var count = reader.Count(bytesEach: 33); count > 0; count--)
        {
            var key = new WithdrawalKey(reader.Half(), unchecked((ulong)reader.Word()));
            var (market, outcome) = (reader.Half(), reader.Byte());
            var row = _holdings.Find(Holdings.HoldingRow.KeyOf(key.Account, market, outcome, Purse.Vault));
            var (units, deadline) = (reader.Word(), reader.Word());
            if (
                row == 0
                || _holdings.At(row).Market != market
                || units < 1
                || deadline < 1
                || !TryOpen(key, new Withdrawal(row, units, deadline))
            )
                throw new FormatException($"the snapshot has a withdrawal {key.Nonce} of account {key.Account} that no command grants");
        }
    }
}
