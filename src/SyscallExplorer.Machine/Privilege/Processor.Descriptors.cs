namespace SyscallExplorer.Machine;

/// <content>Reading and marking descriptors in the GDT and the LDT.</content>
public sealed partial class Processor
{
    private const int TableIndicator = 4;

    /// <summary>The error code that names a selector.</summary>
    internal static uint SelectorError(ushort selector) => selector & 0xFFFCu;

    internal static bool IsNull(ushort selector) => (selector & 0xFFFC) == 0;

    /// <summary>Linear address of a selector's descriptor, if the table reaches that far.</summary>
    internal bool TryDescriptorAddress(ushort selector, int size, out ulong address)
    {
        uint offset = selector & 0xFFF8u;
        if ((selector & TableIndicator) != 0)
        {
            address = S.Ldtr.Base + offset;
            return S.Ldtr.Usable && offset + (uint)size - 1 <= S.Ldtr.Limit;
        }

        address = S.Gdtr.Base + offset;
        return offset + (uint)size - 1 <= S.Gdtr.Limit;
    }

    /// <summary>Reads a selector's descriptor. On failure <paramref name="vector"/>(<paramref name="errorCode"/>) or a #PF is pending.</summary>
    internal bool ReadDescriptor(ushort selector, Vector vector, uint errorCode, out Descriptor descriptor)
    {
        descriptor = default;
        if (!TryDescriptorAddress(selector, 8, out ulong address))
        {
            Raise(vector, errorCode);
            return false;
        }

        if (!ReadSystem(address, out ulong raw))
            return false;
        descriptor = new Descriptor(raw);
        return true;
    }

    /// <summary>Sets the accessed bit of a code or data descriptor, in the table and in what the caller holds. SDM vol. 3A, 3.4.5.1.</summary>
    internal bool MarkAccessed(ushort selector, ref Descriptor descriptor)
    {
        if ((descriptor.Raw & Descriptor.AccessedBit) != 0)
            return true;
        TryDescriptorAddress(selector, 8, out ulong address);
        descriptor = new Descriptor(descriptor.Raw | Descriptor.AccessedBit);
        return WriteSystem(address + 5, (byte)(descriptor.Raw >> 40));
    }

    /// <summary>Checks and loads a data or stack segment register as MOV and POP do. SDM vol. 2B, MOV; APM vol. 3, MOV.</summary>
    internal bool LoadSegment(SegmentName name, ushort selector)
    {
        if (name == SegmentName.SS)
            return LoadStackSegment(selector);
        if (IsNull(selector))
        {
            S.Segments[(int)name] = Segment.Null(selector);
            return true;
        }

        return LoadDataSegment(name, selector, Vector.GeneralProtection, ext: 0);
    }

    /// <summary>Checks and loads a data segment register with a selector that is not NULL.</summary>
    /// <param name="name">The register: ES, DS, FS or GS.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="fault">#GP for an instruction, #TS for a task switch.</param>
    /// <param name="ext">The EXT bit of the error code.</param>
    private bool LoadDataSegment(SegmentName name, ushort selector, Vector fault, uint ext)
    {
        uint error = SelectorError(selector) + ext;
        if (!ReadDescriptor(selector, fault, error, out Descriptor descriptor))
            return false;
        Segment segment = descriptor.ToSegment(selector);
        int rpl = selector & 3;
        if (descriptor.IsSystem || !segment.IsReadable || (!segment.IsConforming && (rpl > segment.Dpl || Cpl > segment.Dpl)))
            return Fail(fault, error);
        if (!descriptor.IsPresent)
            return Fail(Vector.SegmentNotPresent, error);
        if (!MarkAccessed(selector, ref descriptor))
            return false;
        S.Segments[(int)name] = descriptor.ToSegment(selector);
        return true;
    }

    /// <summary>Checks a stack segment for a privilege level.</summary>
    /// <param name="selector">The selector.</param>
    /// <param name="level">The privilege level that it must have.</param>
    /// <param name="fault">#GP for MOV and IRET, #TS for a stack switch.</param>
    /// <param name="segment">What to load.</param>
    /// <param name="ext">The EXT bit of the error code, for a stack switch by an event.</param>
    internal bool CheckStackSegment(ushort selector, int level, Vector fault, out Segment segment, uint ext = 0)
    {
        segment = default;
        uint error = SelectorError(selector) + ext;
        if (!ReadDescriptor(selector, fault, error, out Descriptor descriptor))
            return false;
        Segment candidate = descriptor.ToSegment(selector);
        if ((selector & 3) != level || descriptor.IsSystem || !candidate.IsWritable || candidate.Dpl != level)
            return Fail(fault, error);
        if (!descriptor.IsPresent)
            return Fail(Vector.StackFault, error);
        if (!MarkAccessed(selector, ref descriptor))
            return false;
        segment = descriptor.ToSegment(selector);
        return true;
    }

    private bool LoadStackSegment(ushort selector)
    {
        if (IsNull(selector))
        {
            if (!Is64Bit || Cpl == 3 || (selector & 3) != Cpl)
                return Fail(Vector.GeneralProtection, 0);
            S.Segments[(int)SegmentName.SS] = Segment.Null(selector);
            return true;
        }

        if (!CheckStackSegment(selector, Cpl, Vector.GeneralProtection, out Segment segment))
            return false;
        S.Segments[(int)SegmentName.SS] = segment;
        return true;
    }

    private bool Fail(Vector vector, uint errorCode)
    {
        Raise(vector, errorCode);
        return false;
    }
}
