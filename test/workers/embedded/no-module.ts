export default 'no module at all';
