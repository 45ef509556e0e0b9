namespace SyscallExplorer.Machine;

/// <summary>One cached translation: the combined rights of all levels of the walk.</summary>
/// <param name="LinearBase">First linear address of the page.</param>
/// <param name="PhysicalBase">Its physical address.</param>
/// <param name="OffsetMask">Page size in bytes, minus one.</param>
/// <param name="User">U/S of every level.</param>
/// <param name="Writable">R/W of every level.</param>
/// <param name="Executable">No level has NX.</param>
/// <param name="Dirty">The leaf's D bit is set, so that a write needs no walk.</param>
/// <param name="Global">Survives a CR3 write.</param>
internal readonly record struct Translation(
    ulong LinearBase, ulong PhysicalBase, ulong OffsetMask, bool User, bool Writable, bool Executable, bool Dirty, bool Global)
{
    public bool Covers(ulong linear) => (linear & ~OffsetMask) == LinearBase;

    public bool IsLarge => OffsetMask > 0xFFF;

    public ulong Physical(ulong linear) => PhysicalBase | (linear & OffsetMask);
}

/// <summary>One set-associative translation cache, replaced first in, first out. Tagged with the PCID.</summary>
internal sealed class TlbArray
{
    private const ulong LargePageMask = (2ul << 20) - 1;
    private readonly TlbSlot[] _slots;
    private readonly byte[] _nextVictim;
    private readonly int _ways;
    private readonly uint _setMask;
    private readonly int _pageShift;
    private bool _holdsGigabytePages;

    /// <summary>Makes an empty array.</summary>
    /// <param name="entries">Translations it holds; the number of sets is rounded down to a power of two.</param>
    /// <param name="ways">Associativity.</param>
    /// <param name="pageShift">Address bits below the set index: 12 or 21.</param>
    public TlbArray(int entries, int ways, int pageShift)
    {
        int sets = Math.Max(1, entries / Math.Max(1, ways));
        sets = 1 << System.Numerics.BitOperations.Log2((uint)sets);
        _ways = Math.Max(1, ways);
        _setMask = (uint)sets - 1;
        _pageShift = pageShift;
        _slots = new TlbSlot[sets * _ways];
        _nextVictim = new byte[sets];
    }

    public bool TryFind(ulong linear, uint pcid, out Translation translation)
    {
        int first = SetOf(linear) * _ways;
        for (int i = first; i < first + _ways; i++)
        {
            ref readonly TlbSlot slot = ref _slots[i];
            if (slot.Valid && slot.Page.Covers(linear) && (slot.Page.Global || slot.Pcid == pcid))
            {
                translation = slot.Page;
                return true;
            }
        }

        translation = default;
        return false;
    }

    /// <summary>Puts a translation in, over a stale one of the same page or over the oldest of its set.</summary>
    /// <returns>The translation that had to leave, if a valid one did: of another page, or an older one of this page.</returns>
    public TlbSlot? Insert(in Translation page, ulong linear, uint pcid)
    {
        _holdsGigabytePages |= page.OffsetMask > LargePageMask;
        int set = SetOf(linear);
        int first = set * _ways;
        for (int i = first; i < first + _ways; i++)
        {
            if (_slots[i].Valid && _slots[i].Page.Covers(linear) && (_slots[i].Page.Global || _slots[i].Pcid == pcid))
            {
                TlbSlot older = _slots[i];
                _slots[i] = new TlbSlot(true, pcid, page);
                return older;
            }
        }

        for (int i = first; i < first + _ways; i++)
        {
            if (!_slots[i].Valid)
            {
                _slots[i] = new TlbSlot(true, pcid, page);
                return null;
            }
        }

        ref TlbSlot victim = ref _slots[first + _nextVictim[set]];
        _nextVictim[set] = (byte)((_nextVictim[set] + 1) % _ways);
        TlbSlot evicted = victim;
        victim = new TlbSlot(true, pcid, page);
        return evicted;
    }

    /// <summary>Whether more than one translation covers an address, whatever the PCIDs.</summary>
    public bool HoldsSeveral(ulong linear)
    {
        int count = 0;
        foreach (ref readonly TlbSlot slot in _slots.AsSpan(SetOf(linear) * _ways, _ways))
            count += slot.Valid && slot.Page.Covers(linear) ? 1 : 0;
        return count > 1;
    }

    /// <summary>Drops what covers one address in one PCID or in all, and global pages of it whatever the PCID.</summary>
    /// <returns>What was dropped, with what had been before.</returns>
    public DroppedPages Invalidate(ulong linear, uint? pcid, bool alsoGlobal, DroppedPages dropped)
    {
        // A 1 GiB page stands in the set of each address that was used in it.
        int first = _holdsGigabytePages ? 0 : SetOf(linear) * _ways;
        int count = _holdsGigabytePages ? _slots.Length : _ways;
        foreach (ref TlbSlot slot in _slots.AsSpan(first, count))
        {
            if (slot.Valid && slot.Page.Covers(linear) && (slot.Page.Global ? alsoGlobal : pcid is null || slot.Pcid == pcid))
            {
                dropped = new DroppedPages(dropped.OffsetMask | slot.Page.OffsetMask, dropped.HasGlobal || slot.Page.Global);
                slot = default;
            }
        }

        return dropped;
    }

    /// <summary>Drops the non-global translations of one PCID.</summary>
    public void InvalidatePcid(uint pcid)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].Valid && !_slots[i].Page.Global && _slots[i].Pcid == pcid)
                _slots[i] = default;
        }
    }

    public void InvalidateAll(bool alsoGlobal)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (alsoGlobal || !_slots[i].Page.Global)
                _slots[i] = default;
        }

        _holdsGigabytePages &= !alsoGlobal;
    }

    public void CopyFrom(TlbArray other)
    {
        other._slots.CopyTo(_slots, 0);
        other._nextVictim.CopyTo(_nextVictim, 0);
        _holdsGigabytePages = other._holdsGigabytePages;
    }

    private int SetOf(ulong linear) => (int)((uint)(linear >> _pageShift) & _setMask);
}

/// <summary>One place of a <see cref="TlbArray"/>.</summary>
internal readonly record struct TlbSlot(bool Valid, uint Pcid, Translation Page);

/// <summary>The translations of one address that left the caches.</summary>
/// <param name="OffsetMask">Size of the largest page in bytes, minus one; 0 when there was none.</param>
/// <param name="HasGlobal">Whether a global page was among them.</param>
internal readonly record struct DroppedPages(ulong OffsetMask, bool HasGlobal);

/// <summary>
/// The translation caches of one processor: first level for instructions and for data, a second level for both, with separate arrays for
/// large pages. Their geometry comes from the microarchitecture. SDM vol. 3A, 4.10.
/// </summary>
internal sealed class Tlb
{
    private readonly TlbArray _instruction4K;
    private readonly TlbArray _instruction2M;
    private readonly TlbArray _data4K;
    private readonly TlbArray _data2M;
    private readonly TlbArray _second4K;
    private readonly TlbArray? _second2M;
    private readonly TlbArray[] _arrays;
    private readonly TlbGeometry _geometry;

    public Tlb(TlbGeometry geometry)
    {
        _geometry = geometry;
        _instruction4K = new TlbArray(geometry.L1InstructionEntries, geometry.L1InstructionWays, 12);
        _instruction2M = new TlbArray(geometry.L1Instruction2MEntries, geometry.L1Instruction2MEntries, 21);
        _data4K = new TlbArray(geometry.L1DataEntries, geometry.L1DataWays, 12);
        _data2M = new TlbArray(geometry.L1Data2MEntries, Math.Min(4, geometry.L1Data2MEntries), 21);
        _second4K = new TlbArray(geometry.L2Entries, geometry.L2Ways, 12);
        _second2M = geometry.L2Holds2M ? new TlbArray(geometry.L2Entries, geometry.L2Ways, 21) : null;
        _arrays = [_instruction4K, _instruction2M, _data4K, _data2M, _second4K, .. _second2M is null ? (TlbArray[])[] : [_second2M]];
    }

    public bool TryFindFirstLevel(ulong linear, uint pcid, PageAccess access, out Translation page)
    {
        return access == PageAccess.Execute
            ? _instruction4K.TryFind(linear, pcid, out page) || _instruction2M.TryFind(linear, pcid, out page)
            : _data4K.TryFind(linear, pcid, out page) || _data2M.TryFind(linear, pcid, out page);
    }

    public bool TryFindSecondLevel(ulong linear, uint pcid, out Translation page)
    {
        if (_second4K.TryFind(linear, pcid, out page))
            return true;
        return _second2M is not null && _second2M.TryFind(linear, pcid, out page);
    }

    /// <summary>Puts a translation into the first level of its kind.</summary>
    /// <returns>The translation that left the first level.</returns>
    public TlbSlot? InsertFirstLevel(in Translation page, ulong linear, uint pcid, PageAccess access)
    {
        TlbArray array = (access == PageAccess.Execute, page.IsLarge) switch
        {
            (true, false) => _instruction4K,
            (true, true) => _instruction2M,
            (false, false) => _data4K,
            (false, true) => _data2M,
        };
        return array.Insert(page, linear, pcid);
    }

    /// <summary>Whether the first level holds more than one translation of an address to large pages for data, whatever the PCIDs.</summary>
    public bool HoldsSeveral(ulong linear) => _data2M.HoldsSeveral(linear);

    public void InsertSecondLevel(in Translation page, ulong linear, uint pcid)
    {
        TlbArray? array = page.IsLarge ? _second2M : _second4K;
        array?.Insert(page, linear, pcid);
    }

    /// <summary>Drops what covers one address in one PCID or, without one, in all.</summary>
    public DroppedPages Invalidate(ulong linear, uint? pcid, bool alsoGlobal)
    {
        DroppedPages dropped = default;
        foreach (TlbArray array in _arrays)
            dropped = array.Invalidate(linear, pcid, alsoGlobal, dropped);
        return dropped;
    }

    public void InvalidatePcid(uint pcid)
    {
        foreach (TlbArray array in _arrays)
            array.InvalidatePcid(pcid);
    }

    public void InvalidateAll(bool alsoGlobal)
    {
        foreach (TlbArray array in _arrays)
            array.InvalidateAll(alsoGlobal);
    }

    public Tlb Clone()
    {
        var copy = new Tlb(_geometry);
        copy.CopyFrom(this);
        return copy;
    }

    public void CopyFrom(Tlb other)
    {
        for (int i = 0; i < _arrays.Length; i++)
            _arrays[i].CopyFrom(other._arrays[i]);
    }
}
