namespace SyscallExplorer.Machine;

/// <content>Linear to physical: the modelled TLB, the page walk behind it, and the rules that flush it. SDM vol. 3A, 4.10.</content>
public sealed partial class Processor
{
    private const uint PcidMask = 0xFFF;
    private const int MaxFastContexts = 64;

    private readonly Tlb _tlb;
    private readonly Dictionary<uint, FastTranslations> _fastContexts = [];
    private FastTranslations _fast = new();
    private int _fastClassBase;
    private bool _alignmentChecked;

    /// <summary>The current PCID: CR3[11:0] when CR4.PCIDE is set.</summary>
    internal uint Pcid => (S.Cr4 & Cr4.PCIDE) != 0 ? (uint)S.Cr3 & PcidMask : 0;

    /// <summary>Translates one address and sets accessed and dirty bits. On failure #PF is pending.</summary>
    /// <param name="linear">The address, canonical.</param>
    /// <param name="access">What is wanted.</param>
    /// <param name="user">A user-mode access.</param>
    /// <param name="excusedByAc">An explicit supervisor access, which EFLAGS.AC excuses from SMAP.</param>
    /// <param name="physical">The physical address.</param>
    internal bool Translate(ulong linear, PageAccess access, bool user, bool excusedByAc, out ulong physical)
    {
        if (_pagingMode == PagingMode.None)
        {
            physical = linear & uint.MaxValue;
            return true;
        }

        if (TranslateThroughTlb(linear, access, user, excusedByAc, out Translation page))
        {
            physical = page.Physical(linear);
            return true;
        }

        physical = 0;
        return false;
    }

    private bool TranslateThroughTlb(ulong linear, PageAccess access, bool user, bool excusedByAc, out Translation page)
    {
        uint pcid = Pcid;
        PagingRules rules = CurrentPagingRules(excusedByAc);
        if (_tlb.TryFindFirstLevel(linear, pcid, access, out page) && IsUsable(page, access, user, rules))
            return true;

        if (_tlb.TryFindSecondLevel(linear, pcid, out page) && IsUsable(page, access, user, rules))
        {
            Charge(access == PageAccess.Execute ? TimingEvent.ItlbMissStlbHit : TimingEvent.DtlbMissStlbHit);
            InsertFirstLevel(page, linear, pcid, access);
            return true;
        }

        WalkResult result = PageWalk.Walk(Bus, rules, PagingRoot(linear), linear, access, user);
        if (!result.Ok)
        {
            // A fault drops what the caches hold for the address, so that a stale entry cannot fault for ever. SDM vol. 3A, 4.10.4.1.
            InvalidatePageOfCurrentPcid(linear);
            Raise(Vector.PageFault, result.ErrorCode, linear);
            return false;
        }

        page = result.Translation;
        _pipeline?.NoteWalk(PageWalk.PathOf(Bus, rules, PagingRoot(linear), linear), access);
        Charge(page.IsLarge ? TimingEvent.PageWalk2M : TimingEvent.PageWalk4K);
        InsertFirstLevel(page, linear, pcid, access);
        _tlb.InsertSecondLevel(page, linear, pcid);
        return true;
    }

    private static bool IsUsable(in Translation page, PageAccess access, bool user, in PagingRules rules) =>
        rules.Allows(page, access, user) && (access != PageAccess.Write || page.Dirty);

    private void InsertFirstLevel(in Translation page, ulong linear, uint pcid, PageAccess access)
    {
        TlbSlot? left = _tlb.InsertFirstLevel(page, linear, pcid, access);
        if (access == PageAccess.Execute)
            return;

        // What the host arrays hold of this page came from an older translation, perhaps one of another page size, or, where it is global, of another PCID.
        bool coversOthers = page.Global && page.IsLarge && _tlb.HoldsSeveral(linear);
        DropFastPage(linear, coversOthers ? page.OffsetMask : 0, page.Global ? null : pcid);
        if (left is { } old && (old.Page with { Dirty = page.Dirty } != page || (old.Pcid != pcid && !page.Global)))
            DropFastPage(old.Page.LinearBase, old.Page.OffsetMask, old.Page.Global ? null : old.Pcid);
    }

    /// <summary>The rules now: an explicit access is excused from SMAP by EFLAGS.AC.</summary>
    private PagingRules CurrentPagingRules(bool excusedByAc) =>
        _pagingRules.Smap && excusedByAc && (S.Rflags & Rflags.AC) != 0 ? _pagingRules with { Smap = false } : _pagingRules;

    /// <summary>MOV to CR3: flushes what the PCID rules say. SDM vol. 3A, 4.10.4.1.</summary>
    internal void WriteCr3(ulong value)
    {
        bool pcide = (S.Cr4 & Cr4.PCIDE) != 0;
        bool keep = pcide && (value >> 63) != 0;
        S.Cr3 = value & ~(1ul << 63);
        SelectFastContext();
        if (keep)
            return;
        Charge(TimingEvent.TlbFlushAll);
        if (pcide)
            _tlb.InvalidatePcid(Pcid);
        else
            _tlb.InvalidateAll(alsoGlobal: false);
        _fast.Clear();
    }

    /// <summary>
    /// Drops the translations of one address in every PCID, global ones too, at no cost to the guest: for an owner that has changed the page
    /// tables. Other pages stay, so that it costs the host little.
    /// </summary>
    /// <param name="linear">An address in the page; of a large page that the caches hold as one, all of it is dropped.</param>
    public void InvalidatePage(ulong linear) => InvalidateTranslation(linear, pcid: null, alsoGlobal: true);

    /// <summary>Drops the translations of one PCID but for global ones, at no cost to the guest, as INVPCID of type 1 does.</summary>
    /// <param name="pcid">0 to 4095; 0 is the only one while CR4.PCIDE is clear.</param>
    public void InvalidatePcid(uint pcid)
    {
        _tlb.InvalidatePcid(pcid);
        _fetchTag = 0;
        if (_fastContexts.TryGetValue(pcid, out FastTranslations? context))
            context.Clear();
    }

    /// <summary>INVLPG and page faults: one page, global ones too, and of this PCID only otherwise.</summary>
    internal void InvalidatePageOfCurrentPcid(ulong linear) => InvalidateTranslation(linear, Pcid, alsoGlobal: true);

    /// <summary>INVPCID type 0: one page of one PCID, not the global ones.</summary>
    internal void InvalidatePageOfPcid(ulong linear, uint pcid) => InvalidateTranslation(linear, pcid, alsoGlobal: false);

    /// <summary>INVPCID types 2 and 3, and changes of paging-mode bits.</summary>
    internal void InvalidateAllTranslations(bool alsoGlobal)
    {
        _tlb.InvalidateAll(alsoGlobal);
        DropFastTranslations();
    }

    private void InvalidateTranslation(ulong linear, uint? pcid, bool alsoGlobal)
    {
        DroppedPages dropped = _tlb.Invalidate(linear, pcid, alsoGlobal);
        _fetchTag = 0;
        if (dropped.OffsetMask != 0)
            DropFastPage(linear, dropped.OffsetMask, dropped.HasGlobal ? null : pcid);
    }

    /// <summary>Forgets the host arrays of a translation that left the modelled TLB, in one context or in all.</summary>
    private void DropFastPage(ulong linear, ulong offsetMask, uint? pcid)
    {
        if (pcid is { } one)
        {
            if (_fastContexts.TryGetValue(one, out FastTranslations? context))
                context.Drop(linear, offsetMask);
            return;
        }

        foreach (FastTranslations context in _fastContexts.Values)
            context.Drop(linear, offsetMask);
    }

    /// <summary>Drops every translation, global ones too, at no cost: for an owner that has changed the page tables.</summary>
    public void FlushTranslations() => InvalidateAllTranslations(alsoGlobal: true);

    /// <summary>Looks host arrays up again, after the owner has forked the memory. Nothing that a guest could see changes.</summary>
    public void ForgetHostPages() => DropFastTranslations();

    /// <summary>The physical address of the page in which the local APIC answers, if it does; it hides what else is there.</summary>
    private ulong _apicPage = ulong.MaxValue;

    /// <summary>Takes note of where the local APIC answers.</summary>
    internal void RefreshApicPage()
    {
        _apicPage = LocalApic.Mode == ApicMode.XApic ? LocalApic.Address : ulong.MaxValue;
        DropFastTranslations();
    }

    private bool IsRam(ulong physical) => Bus.Ram.Contains(physical) && (physical & ~0xFFFul) != _apicPage;

    /// <summary>Forgets the host arrays; the modelled TLB stays.</summary>
    internal void DropFastTranslations()
    {
        foreach (FastTranslations context in _fastContexts.Values)
            context.Clear();
        _fetchTag = 0;
    }

    /// <summary>Forgets the array that a frame was read from.</summary>
    private void DropFastReadsOf(ulong physical)
    {
        foreach (FastTranslations context in _fastContexts.Values)
            context.DropReadsOf(physical);
    }

    /// <summary>Forgets where a frame is written directly.</summary>
    private void DropFastWritesTo(ulong physical)
    {
        foreach (FastTranslations context in _fastContexts.Values)
            context.DropWritesTo(physical);
    }

    private void SelectFastContext()
    {
        uint pcid = Pcid;
        if (!_fastContexts.TryGetValue(pcid, out FastTranslations? context))
        {
            // A program that walks through all PCIDs must not cost the host a hundred megabytes.
            if (_fastContexts.Count >= MaxFastContexts)
                _fastContexts.Clear();
            _fastContexts[pcid] = context = new FastTranslations();
        }

        _fast = context;
        _fetchTag = 0;
    }

    /// <summary>Chooses the rows of the fast translations that CPL, AC and the alignment checks allow.</summary>
    internal void RefreshAccessClass()
    {
        _alignmentChecked = Cpl == 3 && (S.Rflags & Rflags.AC) != 0 && (S.Cr0 & Cr0.AM) != 0;
        bool excused = (S.Rflags & Rflags.AC) != 0;
        _fastClassBase = FastTranslations.EntriesPerClass * (Cpl == 3 ? 0 : excused ? 2 : 1);
        _fetchTag = 0;
    }
}
