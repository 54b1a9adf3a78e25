// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FeeTerms, Leg, Match, Order, shareId} from "./Types.sol";
import {MarketFactory} from "./MarketFactory.sol";
import {OutcomeToken} from "./OutcomeToken.sol";
import {Signatures} from "./Signatures.sol";
import {Vault} from "./Vault.sol";

/// One question with 2 to 8 outcomes. Holds the collateral of its complete sets: one whole share of every outcome is one USDC.
///
/// Promises: an order is filled only with its maker's signature, within its limit price, amount and expiry, and not after its
/// salt was cancelled, and only by the settlement role, unless that has been silent for longer than an order may live (escape
/// mode, see `MarketFactory`); a trade id settles once; a match that fails changes nothing and stops no other; prices and amounts are
/// whole ticks and lots, so that no division ever rounds in a trade; and USDC held is never less than what the outstanding
/// shares can claim.
///
/// Each leg of a match draws on its maker's wallet or on their purse in the vault, as the relayer names it, and is paid there. A
/// match of purses alone is firm: for as long as the vault's delay nothing that its makers, other users or an announced decision
/// do keeps it from settling (docs/firm-money.md).
contract Market {
  error NotOperator(address caller);
  error NotResolver(address caller);
  error NotAdmin(address caller);
  error OnlySelf();
  /// Until this second only the settlement role fills orders.
  error NotInEscape(uint256 guardedUntil);
  error ExpiryRequired(bytes32 orderHash);
  error MarketPaused();
  error MarketNotOpen();
  error MarketNotResolved();
  /// `readyBlock` 0: no decision is announced.
  error DecisionPending(uint256 readyBlock, uint256 readyTime);
  error LosingOutcome(uint256 outcomeIndex);
  error TooLittleGas(uint256 matchIndex);
  error BadTradeId();
  error BadMatch();
  error BadOutcome(uint256 outcomeIndex);
  error BadAmount(uint256 amount);
  error BadPrice(uint256 price);
  error DuplicateTrade(uint256 tradeId);
  error InvalidSignature(bytes32 orderHash, address maker);
  error OrderExpired(bytes32 orderHash, uint256 expiry);
  error OrderCancelled(bytes32 orderHash);
  error OrderOverfilled(bytes32 orderHash, uint256 remaining);
  error PriceOutsideLimit(bytes32 orderHash, uint256 limit);
  error PayoutRefused(address account, uint256 amount);

  event TradeSettled(uint256 indexed tradeId, uint8 kind, uint256 amount);
  event SettlementFailed(uint256 indexed tradeId, bytes reason);
  /// `tradeId` 0: filled by `fillOrderSigned`, not by the operator.
  event OrderFilled(
    bytes32 indexed orderHash,
    address indexed maker,
    uint256 indexed tradeId,
    uint256 outcomeIndex,
    bool isBuy,
    uint256 price,
    uint256 amount
  );
  /// Comes with a trade that purses of the vault took part in. Bit i of `legs` stands for the trade's i-th `OrderFilled`.
  event VaultUsed(uint256 indexed tradeId, uint256 legs);
  /// `by`: who sent the cancel. Another than the maker had the maker's signed request.
  event SaltCancelled(address indexed maker, uint256 salt, address by);
  event SetsMinted(address indexed account, uint256 amount);
  event SetsMerged(address indexed account, uint256 amount);
  event Redeemed(address indexed account, uint256 outcomeIndex, uint256 amount, uint256 paid, uint256 fee);
  /// The decision takes effect at this block or at this second, whichever comes later. `decision` 1: resolved; 2: invalid.
  event DecisionAnnounced(State decision, uint256 outcomeIndex, uint256 readyBlock, uint256 readyTime);
  event Resolved(uint256 outcomeIndex);
  event Invalidated();
  event PausedSet(bool paused);
  event FeesWithdrawn(uint256 toProtocol, uint256 toLiquidity);

  enum State {
    Open,
    Resolved,
    Invalid
  }

  struct Decision {
    /// Open: none is announced.
    State state;
    uint8 outcome;
    uint64 readyBlock;
    uint64 readyTime;
  }

  uint8 private constant DIRECT = 0;
  uint8 private constant MINT = 1;
  uint8 private constant MERGE = 2;

  /// Micro-USDC that a complete set of one whole share each is worth.
  uint256 private constant ONE = 1e6;
  /// 0.01 share. Lot times tick is one micro-USDC: no cost of a trade is ever rounded.
  uint256 private constant LOT = 1e16;
  /// 0.0001 USDC.
  uint256 private constant TICK = 100;
  /// 10^-18 shares per micro-USDC of a complete set.
  uint256 private constant SHARES_PER_UNIT = 1e12;

  /// Gas that one match may burn: a base, and for each leg a contract wallet's check (`Signatures.WALLET_GAS`) and the moves
  /// of money and shares. A hostile wallet can cost the operator this much, and the others in the batch nothing.
  uint256 public constant MATCH_GAS = 150_000;
  uint256 public constant LEG_GAS = 450_000;

  bytes32 private constant NAME_HASH = keccak256("Foresight Market");
  bytes32 private constant ORDER_TYPE_HASH = 0x3815b8ba52cfe89ee9d3df74b484efb2ed96225e935f763c8582079b8a92fd11;
  bytes32 private constant CANCEL_TYPE_HASH = 0x8180cb68ad277bb6cd1e1243385755e89437631420d0692ce7d6d14885907d47;

  MarketFactory public immutable factory;
  IERC20 public immutable usdc;
  OutcomeToken public immutable outcomeToken;
  /// Zero: the factory has none, each leg is of a wallet, and decisions take effect at once.
  Vault public immutable vault;
  bytes32 public immutable questionHash;
  uint256 public immutable outcomes;
  uint256 public immutable feeBps;
  uint256 public immutable protocolShareBps;
  address public immutable protocol;
  address public immutable liquidity;
  uint256 private immutable delayBlocks;
  uint256 private immutable delaySeconds;
  bytes32 private immutable separator;
  uint256 private immutable separatorChainId;

  State public state;
  bool public paused;
  uint8 public winningOutcome;
  uint128 public feesHeld;
  Decision public announced;

  /// 10^-18 shares filled, by the order's EIP-712 digest.
  mapping(bytes32 orderHash => uint256) public filled;
  /// When a salt was first cancelled: the block's number, and its time in the lowest 64 bits.
  mapping(address maker => mapping(uint256 salt => uint256)) private cancels;
  /// 256 trade ids to a word: the relayer numbers trades in sequence, so most of them find a word that is in use.
  mapping(uint256 word => uint256) private settledTrades;

  constructor(
    MarketFactory factory_,
    bytes32 questionHash_,
    uint256 outcomes_,
    IERC20 usdc_,
    OutcomeToken outcomeToken_,
    Vault vault_,
    FeeTerms memory terms
  ) {
    factory = factory_;
    questionHash = questionHash_;
    outcomes = outcomes_;
    usdc = usdc_;
    outcomeToken = outcomeToken_;
    vault = vault_;
    delayBlocks = address(vault_) == address(0) ? 0 : vault_.delayBlocks();
    delaySeconds = address(vault_) == address(0) ? 0 : vault_.delaySeconds();
    feeBps = terms.feeBps;
    protocolShareBps = terms.protocolShareBps;
    protocol = terms.protocol;
    liquidity = terms.liquidity;
    separator = Signatures.separator(NAME_HASH);
    separatorChainId = block.chainid;
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Settlement

  /// Settles each match on its own: one that cannot be settled emits `SettlementFailed` and leaves no trace.
  /// Reverts as a whole only for a caller who may not settle, or one who sent too little gas to give every match its due.
  function settle(Match[] calldata matches) external {
    if (!factory.hasRole(factory.OPERATOR_ROLE(), msg.sender)) revert NotOperator(msg.sender);
    for (uint256 i = 0; i < matches.length; i++) {
      bytes memory data = abi.encodeCall(this.settleMatch, (matches[i]));
      uint256 gasBound = MATCH_GAS + LEG_GAS * matches[i].legs.length;
      // A call gets at most 63/64 of what is left (EIP-150), silently. Without this check a batch sent with too little gas
      // would report good trades as failed.
      if (gasleft() - gasleft() / 64 < gasBound) revert TooLittleGas(i);
      (bool settled, bytes memory reason) = address(this).call{gas: gasBound}(data);
      if (!settled) emit SettlementFailed(uint248(matches[i].tradeId), reason);
    }
  }

  /// One match, in a call of its own so that it can fail alone. Only this contract calls it.
  function settleMatch(Match calldata m) external {
    if (msg.sender != address(this)) revert OnlySelf();
    if (state != State.Open) revert MarketNotOpen();
    uint256 count = m.legs.length;
    if (count < 2) revert BadMatch();
    uint256 purses = m.tradeId >> 248;
    if (purses != 0 && (address(vault) == address(0) || purses >> count != 0)) revert BadMatch();
    // A pause stops what may fail anyway. Firm trades were promised before it.
    if (paused && (purses == 0 || purses != (1 << count) - 1)) revert MarketPaused();
    uint256 tradeId = uint248(m.tradeId);
    _claimTrade(tradeId);
    uint256 amount = m.legs[0].amount;
    uint8 kind;
    if (count == 2 && m.legs[0].order.outcomeIndex == m.legs[1].order.outcomeIndex) {
      kind = DIRECT;
      purses = _settleDirect(m, amount, purses, tradeId);
    } else {
      kind = m.legs[0].order.isBuy ? MINT : MERGE;
      _settleSet(m, amount, kind == MINT, purses, tradeId);
    }
    if (purses != 0) emit VaultUsed(tradeId, purses);
    emit TradeSettled(tradeId, kind, amount);
  }

  /// In escape mode only: anybody takes the other side of a signed order, at the order's own price: buys from a seller, sells
  /// to a buyer. `settle` publishes signatures, so a signature alone must not be enough while the relayer lives: it would let
  /// strangers fill what the relayer has cancelled, and take one leg out of a batch that waits in the mempool. An order without
  /// an expiry is never filled here: the relayer may have cancelled it at any time before. A pause does not hold here: who
  /// pauses and stays away must not lock anybody in. It moves what is in wallets only: what is in the vault leaves by itself.
  function fillOrderSigned(Order calldata order, bytes calldata signature, uint256 amount) external {
    if (state != State.Open) revert MarketNotOpen();
    uint256 guardedUntil = factory.guardedUntil();
    if (block.timestamp <= guardedUntil) revert NotInEscape(guardedUntil);
    if (order.expiry == 0) revert ExpiryRequired(orderHash(order));
    _count(order, signature, amount, order.price, 0, false);
    (address buyer, address seller) = order.isBuy ? (order.maker, msg.sender) : (msg.sender, order.maker);
    factory.collect(buyer, seller, _cost(order.price, amount));
    factory.moveShares(seller, buyer, order.outcomeIndex, amount);
  }

  /// Returns the purses in the order in which the legs were counted: the buy, then the sell.
  function _settleDirect(Match calldata m, uint256 amount, uint256 purses, uint256 tradeId) private returns (uint256) {
    (Leg calldata buy, Leg calldata sell) = m.legs[0].order.isBuy ? (m.legs[0], m.legs[1]) : (m.legs[1], m.legs[0]);
    if (!buy.order.isBuy || sell.order.isBuy || buy.price != sell.price || buy.amount != sell.amount) revert BadMatch();
    if (purses != 0 && !m.legs[0].order.isBuy) purses = ((purses & 1) << 1) | (purses >> 1);
    _count(buy.order, buy.signature, amount, buy.price, tradeId, purses & 1 != 0);
    _count(sell.order, sell.signature, amount, sell.price, tradeId, purses > 1);
    (address buyer, address seller, uint256 outcome) = (buy.order.maker, sell.order.maker, buy.order.outcomeIndex);
    uint256 cost = _cost(buy.price, amount);
    if (purses == 0) {
      factory.collect(buyer, seller, cost);
      factory.moveShares(seller, buyer, outcome, amount);
    } else if (purses == 3) {
      vault.trade(buyer, seller, outcome, cost, amount);
    } else if (purses == 1) {
      vault.draw(buyer, 0, cost);
      factory.collect(address(vault), seller, cost);
      factory.moveShares(seller, address(vault), outcome, amount);
      vault.pay(buyer, shareId(address(this), outcome), amount);
      vault.fold(address(this));
    } else {
      vault.draw(seller, shareId(address(this), outcome), amount);
      factory.collect(buyer, address(vault), cost);
      factory.moveShares(address(vault), buyer, outcome, amount);
      vault.pay(seller, 0, cost);
    }
    return purses;
  }

  /// Buyers of every outcome pay for a complete set together, or sellers of every outcome share what it is worth.
  function _settleSet(Match calldata m, uint256 amount, bool isMint, uint256 purses, uint256 tradeId) private {
    uint256 count = m.legs.length;
    if (count != outcomes) revert BadMatch();
    uint256 seen;
    uint256 priceSum;
    for (uint256 i = 0; i < count; i++) {
      Leg calldata leg = m.legs[i];
      if (leg.order.isBuy != isMint || leg.amount != amount) revert BadMatch();
      _count(leg.order, leg.signature, amount, leg.price, tradeId, (purses >> i) & 1 != 0);
      seen |= 1 << leg.order.outcomeIndex;
      priceSum += leg.price;
    }
    // With as many legs as outcomes, a full set of bits means every outcome exactly once.
    uint256 all = (1 << count) - 1;
    if (seen != all || priceSum != ONE) revert BadMatch();
    if (purses == all) _moveFirmSet(m, amount, isMint);
    else _moveSet(m, amount, isMint, purses);
  }

  function _moveFirmSet(Match calldata m, uint256 amount, bool isMint) private {
    address[] memory makers = new address[](m.legs.length);
    uint256[] memory costs = new uint256[](m.legs.length);
    for (uint256 i = 0; i < m.legs.length; i++) {
      Leg calldata leg = m.legs[i];
      makers[leg.order.outcomeIndex] = leg.order.maker;
      costs[leg.order.outcomeIndex] = _cost(leg.price, amount);
    }
    if (isMint) vault.mintSets(makers, costs, amount);
    else vault.mergeSets(makers, costs, amount);
  }

  function _moveSet(Match calldata m, uint256 amount, bool isMint, uint256 purses) private {
    uint256 count = m.legs.length;
    for (uint256 i = 0; i < count; i++) {
      Leg calldata leg = m.legs[i];
      address holder = leg.order.maker;
      bool inVault = (purses >> i) & 1 != 0;
      uint256 cost = _cost(leg.price, amount);
      if (inVault) {
        vault.draw(holder, isMint ? 0 : shareId(address(this), leg.order.outcomeIndex), isMint ? cost : amount);
        holder = address(vault);
      }
      if (isMint) {
        factory.collect(holder, address(this), cost);
        outcomeToken.mint(holder, leg.order.outcomeIndex, amount);
      } else {
        factory.moveShares(holder, address(0), leg.order.outcomeIndex, amount);
        _pay(holder, cost);
      }
      if (inVault)
        vault.pay(leg.order.maker, isMint ? shareId(address(this), leg.order.outcomeIndex) : 0, isMint ? amount : cost);
    }
    if (isMint && purses != 0) vault.fold(address(this));
  }

  /// Every check of one order, and its new filled amount. Nothing has moved yet: checks, effects, interactions. The only code
  /// of others that runs here is a contract wallet's signature check, which cannot write; for a leg of the vault none does.
  /// For such a leg, what its maker may do between the match and the settlement counts only once it is older than the delay.
  function _count(
    Order calldata order,
    bytes calldata signature,
    uint256 amount,
    uint256 price,
    uint256 tradeId,
    bool inVault
  ) private {
    if (order.outcomeIndex >= outcomes) revert BadOutcome(order.outcomeIndex);
    if (amount == 0 || amount % LOT != 0) revert BadAmount(amount);
    if (price == 0 || price >= ONE || price % TICK != 0) revert BadPrice(price);
    bytes32 hash = orderHash(order);
    if (order.isBuy ? price > order.price : price < order.price) revert PriceOutsideLimit(hash, order.price);
    if (order.expiry != 0 && block.timestamp > order.expiry) {
      if (!inVault || block.timestamp - order.expiry >= delaySeconds) revert OrderExpired(hash, order.expiry);
    }
    uint256 cancelled = cancels[order.maker][order.salt];
    if (cancelled != 0) {
      if (!inVault || !_isYoung(cancelled)) revert OrderCancelled(hash);
    }
    uint256 before = filled[hash];
    if (amount > order.amount - before) revert OrderOverfilled(hash, order.amount - before);
    if (!(inVault ? _isSignedByKey(order.maker, hash, signature) : Signatures.isValid(order.maker, hash, signature)))
      revert InvalidSignature(hash, order.maker);
    filled[hash] = before + amount;
    emit OrderFilled(hash, order.maker, tradeId, order.outcomeIndex, order.isBuy, price, amount);
  }

  /// By the maker's own key or the one that they registered at the vault. No code of the maker's is asked.
  function _isSignedByKey(address maker, bytes32 hash, bytes calldata signature) private view returns (bool) {
    address signer = Signatures.recover(hash, signature);
    return signer != address(0) && (signer == maker || signer == vault.signingKeyOf(maker));
  }

  function _isYoung(uint256 cancelled) private view returns (bool) {
    return block.number < (cancelled >> 64) + delayBlocks || block.timestamp < uint64(cancelled) + delaySeconds;
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Orders

  /// The order's EIP-712 digest: what its maker signs, and its identity here and at the relayer.
  function orderHash(Order calldata order) public view returns (bytes32) {
    return Signatures.digest(domainSeparator(), keccak256(abi.encode(ORDER_TYPE_HASH, order)));
  }

  /// By the maker: no order of theirs with this salt fills from their wallet any more, nor from the vault when the delay is over.
  function cancelSalt(uint256 salt) external {
    _cancel(msg.sender, salt);
  }

  /// By anybody who has the maker's signed request.
  function cancelSaltSigned(address maker, uint256 salt, bytes calldata signature) external {
    bytes32 hash = Signatures.digest(domainSeparator(), keccak256(abi.encode(CANCEL_TYPE_HASH, maker, salt)));
    if (!Signatures.isValid(maker, hash, signature)) revert InvalidSignature(hash, maker);
    _cancel(maker, salt);
  }

  function isSaltCancelled(address maker, uint256 salt) external view returns (bool) {
    return cancels[maker][salt] != 0;
  }

  function isTradeSettled(uint256 tradeId) external view returns (bool) {
    return (settledTrades[tradeId >> 8] >> (tradeId & 0xff)) & 1 == 1;
  }

  /// Of this contract on this chain; computed again where a fork of the chain changed its id.
  function domainSeparator() public view returns (bytes32) {
    return block.chainid == separatorChainId ? separator : Signatures.separator(NAME_HASH);
  }

  /// The first time counts. A signed request can be sent again by anybody, and would keep the cancel young.
  function _cancel(address maker, uint256 salt) private {
    if (cancels[maker][salt] == 0) cancels[maker][salt] = (block.number << 64) | block.timestamp;
    emit SaltCancelled(maker, salt, msg.sender);
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Complete sets and redemption

  /// One share of every outcome for `amount / 10^12` micro-USDC. The vault always may: it turns sets that its purses have already
  /// into shares, for what leaves it or is redeemed.
  function mintSet(uint256 amount) external {
    if (msg.sender != address(vault)) _requireTrading();
    factory.collect(msg.sender, address(this), _unitsOf(amount));
    for (uint256 k = 0; k < outcomes; k++) outcomeToken.mint(msg.sender, k, amount);
    emit SetsMinted(msg.sender, amount);
  }

  /// The way back, also while paused. Not after the resolution or its announcement: losing shares cost nothing then, and a set
  /// would redeem without the fee. The vault merges for all its purses, which pay the fee later, and only while the market is open.
  function mergeSet(uint256 amount) external {
    if (announced.state == State.Resolved && (state != State.Open || msg.sender != address(vault))) revert MarketNotOpen();
    uint256 units = _unitsOf(amount);
    for (uint256 k = 0; k < outcomes; k++) outcomeToken.burn(msg.sender, k, amount);
    _pay(msg.sender, units);
    emit SetsMerged(msg.sender, amount);
  }

  /// After the resolution: a share of the winning outcome pays one USDC less the fee. After an invalidation: a share of any
  /// outcome pays one n-th, without a fee. Fractions of a micro-USDC stay here. Applies a decision whose delay is over.
  function redeem(uint256 outcomeIndex, uint256 amount) external returns (uint256 paid) {
    if (state == State.Open && !_applyDecision()) revert MarketNotResolved();
    if (outcomeIndex >= outcomes) revert BadOutcome(outcomeIndex);
    uint256 fee;
    if (state == State.Resolved) {
      if (outcomeIndex != winningOutcome) revert LosingOutcome(outcomeIndex);
      paid = amount / SHARES_PER_UNIT;
      fee = (paid * feeBps) / 10_000;
      paid -= fee;
      feesHeld += uint128(fee);
    } else {
      paid = amount / (SHARES_PER_UNIT * outcomes);
    }
    if (paid == 0) revert BadAmount(amount);
    outcomeToken.burn(msg.sender, outcomeIndex, amount);
    _pay(msg.sender, paid);
    emit Redeemed(msg.sender, outcomeIndex, amount, paid, fee);
  }

  /// Sends the fees to their two owners. Anybody may.
  function withdrawFees() external {
    uint256 held = feesHeld;
    uint256 toProtocol = (held * protocolShareBps) / 10_000;
    feesHeld = 0;
    if (toProtocol > 0) _pay(protocol, toProtocol);
    if (held > toProtocol) _pay(liquidity, held - toProtocol);
    emit FeesWithdrawn(toProtocol, held - toProtocol);
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Roles

  /// Announces the outcome. It takes effect after the vault's delay, so that what was matched before settles; without a vault at
  /// once.
  function resolve(uint256 outcomeIndex) external {
    _requireResolver();
    if (outcomeIndex >= outcomes) revert BadOutcome(outcomeIndex);
    _announce(State.Resolved, uint8(outcomeIndex));
  }

  /// As `resolve`, without a winner.
  function invalidate() external {
    _requireResolver();
    _announce(State.Invalid, 0);
  }

  /// By anybody, after the delay. Redeeming does it as well.
  function applyDecision() external {
    if (state != State.Open) revert MarketNotOpen();
    if (!_applyDecision()) revert DecisionPending(announced.readyBlock, announced.readyTime);
  }

  function _announce(State decision, uint8 outcome) private {
    announced = Decision(decision, outcome, uint64(block.number + delayBlocks), uint64(block.timestamp + delaySeconds));
    if (!_applyDecision()) emit DecisionAnnounced(decision, outcome, announced.readyBlock, announced.readyTime);
  }

  function _applyDecision() private returns (bool) {
    Decision memory decision = announced;
    if (decision.state == State.Open || block.number < decision.readyBlock || block.timestamp < decision.readyTime) return false;
    (state, winningOutcome) = (decision.state, decision.outcome);
    if (decision.state == State.Resolved) emit Resolved(decision.outcome);
    else emit Invalidated();
    return true;
  }

  /// Stops minting, deposits of shares, and the settlement of trades that are not firm; firm trades, merging, redeeming, cancelling
  /// and escape fills always work. The operator may stop, only an admin may go on.
  function pause() external {
    if (!factory.hasRole(factory.OPERATOR_ROLE(), msg.sender)) _requireAdmin();
    paused = true;
    emit PausedSet(true);
  }

  function unpause() external {
    _requireAdmin();
    paused = false;
    emit PausedSet(false);
  }

  function _requireResolver() private view {
    if (!factory.hasRole(factory.RESOLVER_ROLE(), msg.sender)) revert NotResolver(msg.sender);
    if (state != State.Open) revert MarketNotOpen();
    if (announced.state != State.Open) revert DecisionPending(announced.readyBlock, announced.readyTime);
  }

  function _requireAdmin() private view {
    if (!factory.hasRole(factory.DEFAULT_ADMIN_ROLE(), msg.sender)) revert NotAdmin(msg.sender);
  }

  function _requireTrading() private view {
    if (state != State.Open) revert MarketNotOpen();
    if (paused) revert MarketPaused();
  }

  // ---------------------------------------------------------------------------------------------------------------------

  function _claimTrade(uint256 tradeId) private {
    if (tradeId == 0) revert BadTradeId();
    uint256 bit = 1 << (tradeId & 0xff);
    uint256 word = settledTrades[tradeId >> 8];
    if (word & bit != 0) revert DuplicateTrade(tradeId);
    settledTrades[tradeId >> 8] = word | bit;
  }

  function _pay(address to, uint256 units) private {
    try usdc.transfer(to, units) returns (bool moved) {
      if (moved) return;
    } catch {}
    revert PayoutRefused(to, units);
  }

  /// Exact: `_count` let only whole lots and ticks through.
  function _cost(uint256 price, uint256 amount) private pure returns (uint256) {
    return (price * amount) / 1e18;
  }

  function _unitsOf(uint256 amount) private pure returns (uint256) {
    if (amount == 0 || amount % SHARES_PER_UNIT != 0) revert BadAmount(amount);
    return amount / SHARES_PER_UNIT;
  }
}
