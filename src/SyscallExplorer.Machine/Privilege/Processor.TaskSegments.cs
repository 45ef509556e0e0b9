namespace SyscallExplorer.Machine;

/// <content>The segment registers of a task that was switched to. SDM vol. 3A, 7.3, table 7-1; 6.15, interrupt 10.</content>
public sealed partial class Processor
{
    /// <summary>Loads LDTR and the segment registers from selectors, in the context of the new task: what is wrong with one is #TS, #NP or #SS.</summary>
    private bool LoadTaskSegments(in TaskImage image, uint ext) =>
        LoadTaskLocalTable(image.LocalTable, ext)
        && LoadTaskCode(image.Selectors[(int)SegmentName.CS], ext)
        && LoadTaskStack(image.Selectors[(int)SegmentName.SS], ext)
        && LoadTaskData(SegmentName.ES, image.Selectors[(int)SegmentName.ES], ext)
        && LoadTaskData(SegmentName.DS, image.Selectors[(int)SegmentName.DS], ext)
        && LoadTaskData(SegmentName.FS, image.Selectors[(int)SegmentName.FS], ext)
        && LoadTaskData(SegmentName.GS, image.Selectors[(int)SegmentName.GS], ext);

    private bool LoadTaskLocalTable(ushort selector, uint ext)
    {
        if (IsNull(selector))
            return true;
        uint error = SelectorError(selector) + ext;
        if ((selector & TableIndicator) != 0 || !TryDescriptorAddress(selector, LegacyGateSize, out ulong address))
            return Fail(Vector.InvalidTss, error);
        if (!ReadSystem(address, out ulong raw))
            return false;
        var descriptor = new Descriptor(raw);
        if (!descriptor.IsSystem || descriptor.Type != Descriptor.LocalDescriptorTable || !descriptor.IsPresent)
            return Fail(Vector.InvalidTss, error);
        S.Ldtr = descriptor.ToSegment(selector);
        return true;
    }

    private bool LoadTaskCode(ushort selector, uint ext)
    {
        if (IsNull(selector))
            return Fail(Vector.InvalidTss, ext);
        uint error = SelectorError(selector) + ext;
        if (!ReadDescriptor(selector, Vector.InvalidTss, error, out Descriptor descriptor))
            return false;
        Segment code = descriptor.ToSegment(selector);
        int rpl = selector & 3;
        if (descriptor.IsSystem || !code.IsCode || (code.IsConforming ? code.Dpl > rpl : code.Dpl != rpl))
            return Fail(Vector.InvalidTss, error);
        if (!descriptor.IsPresent)
            return Fail(Vector.SegmentNotPresent, error);
        if (!MarkAccessed(selector, ref descriptor))
            return false;
        SetCs(descriptor.ToSegment(selector));
        return true;
    }

    private bool LoadTaskStack(ushort selector, uint ext)
    {
        if (IsNull(selector))
            return Fail(Vector.InvalidTss, ext);
        if (!CheckStackSegment(selector, Cpl, Vector.InvalidTss, out Segment stack, ext))
            return false;
        S.Segments[(int)SegmentName.SS] = stack;
        return true;
    }

    private bool LoadTaskData(SegmentName name, ushort selector, uint ext)
    {
        if (IsNull(selector))
            return true;
        return LoadDataSegment(name, selector, Vector.InvalidTss, ext);
    }
}
