import '@mantine/tiptap/styles.css';
import { Input, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { Link, RichTextEditor } from '@mantine/tiptap';
import { useEditor } from '@tiptap/react';
import StarterKit from '@tiptap/starter-kit';
import { useEffect, useId, useRef, useState } from 'react';

interface Props {
  label: string;
  value?: string;
  onChange: (html: string) => void;
  error?: string;
  readOnly?: boolean;
}

/** Elements that the editor keeps as they are; others would be lost in it. */
const KNOWN =
  /^(p|h[1-6]|ul|ol|li|strong|b|em|i|u|s|strike|del|a|br|blockquote|code|pre|hr|body|head|html)$/i;

function lossless(html: string): boolean {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  return [...parsed.querySelectorAll('*')].every((element) => {
    const attributes = [...element.attributes].map(({ name }) => name);
    return (
      KNOWN.test(element.tagName) && attributes.every((name) => ['href', 'rel', 'target'].includes(name))
    );
  });
}

/** A text with headings, lists and links, kept as HTML. HTML that the editor cannot hold is edited as HTML. */
export default function RichText({ label, value = '', onChange, error, readOnly }: Props) {
  const safe = lossless(value);
  const [mode, setMode] = useState<'visual' | 'html'>(safe ? 'visual' : 'html');
  const id = useId();
  return (
    <Input.Wrapper
      label={label}
      labelElement="div"
      labelProps={{ id }}
      error={error}
      styles={{ label: { width: '100%' } }}
    >
      <Stack gap={6}>
        <SegmentedControl
          size="xs"
          aria-label={`How to edit the ${label.toLowerCase()}`}
          style={{ alignSelf: 'flex-start' }}
          data={[
            { value: 'visual', label: 'Text', disabled: !safe },
            { value: 'html', label: 'HTML' },
          ]}
          value={mode}
          onChange={(to) => setMode(to as typeof mode)}
        />
        {mode === 'visual' && safe ? (
          <Visual labelled={id} value={value} onChange={onChange} readOnly={readOnly} />
        ) : (
          <Textarea
            aria-labelledby={id}
            value={value}
            onChange={({ currentTarget }) => onChange(currentTarget.value)}
            autosize
            minRows={6}
            maxRows={24}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
        )}
        {!safe && (
          <Text size="xs" c="dimmed">
            This has tables, pictures or styles that only HTML can hold.
          </Text>
        )}
      </Stack>
    </Input.Wrapper>
  );
}

function Visual({
  labelled,
  value,
  onChange,
  readOnly,
}: {
  labelled: string;
  value: string;
  onChange: (html: string) => void;
  readOnly?: boolean;
}) {
  const told = useRef(value);
  const editor = useEditor({
    extensions: [StarterKit.configure({ link: false }), Link.configure({ openOnClick: false })],
    content: value,
    editable: !readOnly,
    shouldRerenderOnTransaction: true,
    editorProps: {
      attributes: { 'aria-labelledby': labelled, role: 'textbox', 'aria-multiline': 'true' },
    },
    onUpdate: ({ editor: { isEmpty, getHTML } }) => {
      told.current = isEmpty ? '' : getHTML.call(editor);
      onChange(told.current);
    },
  });
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    editor?.commands.setContent(value, { emitUpdate: false });
  }, [value, editor]);
  return (
    <RichTextEditor editor={editor}>
      {!readOnly && (
        <RichTextEditor.Toolbar>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.Bold />
            <RichTextEditor.Italic />
            <RichTextEditor.ClearFormatting />
          </RichTextEditor.ControlsGroup>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.H2 />
            <RichTextEditor.H3 />
            <RichTextEditor.Blockquote />
          </RichTextEditor.ControlsGroup>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.BulletList />
            <RichTextEditor.OrderedList />
          </RichTextEditor.ControlsGroup>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.Link />
            <RichTextEditor.Unlink />
          </RichTextEditor.ControlsGroup>
        </RichTextEditor.Toolbar>
      )}
      <RichTextEditor.Content mih={140} />
    </RichTextEditor>
  );
}
